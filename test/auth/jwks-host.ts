import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";
import { exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from "jose";

export type Misbehaviour = "status" | "html" | "redirect" | "endless" | "keyless";

/** A pair of an identity provider's keys. */
export async function keyPair(alg: string, kid: string) {
  const { publicKey, privateKey } = await generateKeyPair(alg);
  const jwk: JWK = { ...(await exportJWK(publicKey)), kid, use: "sig" };
  const sign = (claims: JWTPayload, { withId = true, expiresInSec = 60 } = {}) =>
    new SignJWT({ exp: Math.floor(Date.now() / 1000) + expiresInSec, ...claims })
      .setProtectedHeader({ alg, ...(withId && { kid }) })
      .sign(privateKey);
  return { jwk, sign };
}

/** An identity provider that publishes its keys over HTTP. */
export async function startJwksHost(test: Pick<TestContext, "after">, keys: JWK[]) {
  let [published, count] = [keys, 0];
  let misbehaviour: Misbehaviour | undefined;
  const server = createServer((request, response) => {
    count++;
    switch (request.url === "/jwks" ? misbehaviour : undefined) {
      case "status":
        return response.writeHead(500).end();
      case "html":
        return response.end("<html>");
      case "redirect":
        return response.writeHead(302, { location: "/elsewhere" }).end();
      case "keyless":
        return response.end("{}");
      case "endless": {
        const chunk = Buffer.alloc(65_536, " ");
        const pump = () => {
          while (!response.destroyed && response.write(chunk));
        };
        response.on("drain", pump);
        return pump();
      }
    }
    response.end(JSON.stringify({ keys: published }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  test.after(stop);
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`,
    requestCount: () => count,
    publish: (next: JWK[]) => {
      published = next;
    },
    misbehave: (next: Misbehaviour | undefined) => {
      misbehaviour = next;
    },
    stop,
  };
}
