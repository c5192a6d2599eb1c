import type { Buffer } from "node:buffer";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { TestContext } from "node:test";

export interface HubRequest {
  path: string;
  range: string | undefined;
  ifRange: string | undefined;
}

export type HubAnswer = (request: IncomingMessage, response: ServerResponse) => void;

/** A web server of model files with the manners of the real ones, and some of their bad ones. */
export interface ModelHub {
  url: string;
  files: Map<string, Buffer>;
  requests: HubRequest[];
  /** Honours `Range`. */
  ranges: boolean;
  etag: string | undefined;
  /** Answers that are given first, one per request. */
  special: HubAnswer[];
}

export async function startHub(test: TestContext): Promise<ModelHub> {
  const hub: ModelHub = { url: "", files: new Map(), requests: [], ranges: true, etag: '"one"', special: [] };
  const server = createServer((request, response) => {
    const { range, "if-range": ifRange } = request.headers;
    hub.requests.push({ path: String(request.url), range, ifRange: ifRange as string | undefined });
    const answer = hub.special.shift() ?? sendFile(hub);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  hub.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return hub;
}

/** Sends the whole file or the range asked for. */
export function sendFile(hub: ModelHub): HubAnswer {
  return (request, response) => {
    const bytes = hub.files.get(String(request.url));
    if (!bytes) {
      response.writeHead(404).end("Entry not found");
      return;
    }
    const start = startOf(hub, request);
    if (hub.etag) response.setHeader("etag", hub.etag);
    if (start >= bytes.length) {
      response.writeHead(416, { "content-range": `bytes */${bytes.length}` }).end();
      return;
    }
    if (start > 0) response.setHeader("content-range", `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": bytes.length - start });
    response.end(bytes.subarray(start));
  };
}

/** Announces the whole file, and breaks the connection after `byteCount` bytes of it. */
export function cutAfter(hub: ModelHub, byteCount: number): HubAnswer {
  return (request, response) => {
    const bytes = hub.files.get(String(request.url)) as Buffer;
    const start = startOf(hub, request);
    if (hub.etag) response.setHeader("etag", hub.etag);
    if (start > 0) response.setHeader("content-range", `bytes ${start}-${bytes.length - 1}/${bytes.length}`);
    response.writeHead(start > 0 ? 206 : 200, { "content-length": bytes.length - start });
    response.write(bytes.subarray(start, start + byteCount), () => setTimeout(() => response.destroy(), 500));
  };
}

/** Sends `byteCount` bytes and then nothing more. */
export function stallAfter(hub: ModelHub, byteCount: number): HubAnswer {
  return (request, response) => {
    const bytes = hub.files.get(String(request.url)) as Buffer;
    response.writeHead(200, { "content-length": bytes.length, ...(hub.etag ? { etag: hub.etag } : {}) });
    response.write(bytes.subarray(0, byteCount));
  };
}

export function answerStatus(status: number, headers: Record<string, string> = {}): HubAnswer {
  return (_request, response) => {
    response.writeHead(status, headers).end("no");
  };
}

function startOf(hub: ModelHub, request: IncomingMessage): number {
  const { range, "if-range": ifRange } = request.headers;
  const matches = ifRange === undefined || ifRange === hub.etag;
  return hub.ranges && matches ? Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0) : 0;
}
