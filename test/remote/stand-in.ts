import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import type { ProviderDialect } from "../../src/core/provider-settings.js";
import { SERVICES, type ServiceReply } from "./services.js";

/** What a stand-in does with a request instead of answering it. */
export type Mood =
  | "answers"
  /** Nothing comes. */
  | "hangs"
  /** The head comes, and no more. */
  | "stalls"
  /** Half of the answer comes, then the connection ends. */
  | "cuts"
  /** 200, and a page of HTML. */
  | "garbles"
  /** JSON, of another shape. */
  | "mistakes"
  /** Sends the client to another host. */
  | { redirectTo: string }
  | { status: number; body?: string; headers?: Record<string, string> };

/** A request as a stand-in got it. */
export interface Received {
  path: string;
  headers: IncomingMessage["headers"];
  fields: [string, string][];
  file: { name: string; bytes: Buffer } | undefined;
}

/** A server that speaks one service's dialect as its published description has it, and nothing more. */
export class StandIn {
  readonly received: Received[] = [];
  /** What it does next; the last stays. */
  moods: Mood[] = ["answers"];
  /** What it has heard, whatever it is sent. */
  text = "Hello world. Good bye.";
  /** Pause between the events of a stream, in milliseconds. */
  eventPauseMs = 0;
  /** Requests whose client has left. */
  leftCount = 0;
  connectionCount = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  readonly #dialect: ProviderDialect;
  readonly #key: string | undefined;

  private constructor(dialect: ProviderDialect, key: string | undefined) {
    this.#dialect = dialect;
    this.#key = key;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: Error) => response.destroy(error));
    });
    this.#server.on("connection", (socket) => {
      this.connectionCount++;
      this.#sockets.add(socket);
      socket.on("error", () => {}).on("close", () => this.#sockets.delete(socket));
    });
  }

  /** @param key what it demands as bearer; undefined: nothing */
  static async start(dialect: ProviderDialect, key?: string): Promise<StandIn> {
    const standIn = new StandIn(dialect, key);
    standIn.#server.listen(0, "127.0.0.1");
    await once(standIn.#server, "listening");
    return standIn;
  }

  /** As the operator writes it: where the dialect's path begins. */
  get baseUrl(): string {
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}${this.#dialect === "v2" ? "" : "/v1"}`;
  }

  get last(): Received {
    const last = this.received.at(-1);
    if (!last) throw new Error("nothing was received");
    return last;
  }

  /** The last value of a field of the last request. */
  field(name: string): string | undefined {
    return this.last.fields.filter(([each]) => each === name).at(-1)?.[1];
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    if (this.#server.listening) await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const mood = (this.moods.length > 1 ? this.moods.shift() : this.moods[0]) ?? "answers";
    response.on("close", () => {
      if (!response.writableFinished) this.leftCount++;
    });
    const service = SERVICES[this.#dialect];
    if (this.#key !== undefined && request.headers.authorization !== `Bearer ${this.#key}`) {
      request.resume();
      return send(response, service.error(401, `Incorrect API key provided: ${request.headers.authorization}`));
    }
    const received = await receive(request);
    this.received.push(received);
    if (mood === "hangs") return;
    if (mood === "stalls") {
      response.writeHead(200, { "content-type": "application/json", "content-length": 1000 }).write("{");
      return;
    }
    if (mood === "garbles") return send(response, { status: 200, type: "text/html", body: "<html>Welcome!</html>" });
    if (mood === "mistakes") return send(response, { status: 200, type: "application/json", body: '{"text":{"a":1}}' });
    if (typeof mood === "object" && "redirectTo" in mood) {
      response.writeHead(307, { location: mood.redirectTo }).end();
      return;
    }
    if (typeof mood === "object") {
      const { body, type } = service.error(mood.status, "It went wrong.");
      response.writeHead(mood.status, { "content-type": type, ...mood.headers }).end(mood.body ?? body);
      return;
    }
    const reply = service.answer(received, this.text);
    if (mood === "cuts" && !reply.events) {
      response.writeHead(200, { "content-type": reply.type, "content-length": Buffer.byteLength(reply.body) });
      response.write(reply.body.slice(0, reply.body.length / 2), () => response.destroy());
      return;
    }
    if (!reply.events) return send(response, reply);
    response.writeHead(200, { "content-type": "text/event-stream" });
    const events = mood === "cuts" ? reply.events.slice(0, 1) : reply.events;
    for (const event of events) {
      response.write(`data: ${JSON.stringify(event)}\n\n`);
      await new Promise((resolve) => setTimeout(resolve, this.eventPauseMs));
    }
    if (mood === "cuts") response.destroy();
    else response.end();
  }
}

function send(response: ServerResponse, { status, type, body }: ServiceReply): void {
  response.writeHead(status, { "content-type": type, "x-request-id": randomUUID() }).end(body);
}

/** By Node's own reader of forms, which has nothing in common with our writer. */
async function receive(request: IncomingMessage): Promise<Received> {
  const parts: Buffer[] = [];
  for await (const chunk of request) parts.push(chunk as Buffer);
  const type = request.headers["content-type"] ?? "";
  const form = await new Response(Buffer.concat(parts), { headers: { "content-type": type } }).formData();
  const fields: [string, string][] = [];
  let file: Received["file"];
  for (const [name, value] of form.entries()) {
    if (typeof value === "string") fields.push([name, value]);
    else if (name === "file") file = { name: value.name, bytes: Buffer.from(await value.arrayBuffer()) };
  }
  return { path: `${request.method} ${request.url}`, headers: request.headers, fields, file };
}
