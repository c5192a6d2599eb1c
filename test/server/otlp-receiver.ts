import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  /** 1 internal, 2 server, 3 client (opentelemetry-proto, `Span.SpanKind`). */
  kind: number;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: Record<string, unknown> }[];
  status: { code: number };
}

interface Sent {
  resourceSpans: {
    resource: { attributes: { key: string; value: { stringValue?: string } }[] };
    scopeSpans: { spans: ReceivedSpan[] }[];
  }[];
}

/** A collector that speaks OTLP over HTTP with JSON, as https://opentelemetry.io/docs/specs/otlp/#otlphttp has it. */
export class OtlpReceiver {
  readonly #server: Server;
  readonly spans: ReceivedSpan[] = [];
  /** All that came, as it came. */
  text = "";
  readonly headers: Record<string, unknown>[] = [];
  readonly services = new Set<string | undefined>();

  private constructor() {
    this.#server = createServer(async (request, response) => {
      let text = "";
      for await (const chunk of request) text += chunk;
      if (request.method !== "POST" || request.url !== "/v1/traces") {
        response.writeHead(404).end();
        return;
      }
      this.text += text;
      this.headers.push(request.headers);
      for (const { resource, scopeSpans } of (JSON.parse(text) as Sent).resourceSpans) {
        this.services.add(resource.attributes.find(({ key }) => key === "service.name")?.value.stringValue);
        this.spans.push(...scopeSpans.flatMap(({ spans }) => spans));
      }
      response.writeHead(200, { "content-type": "application/json" }).end("{}");
    });
  }

  static async start(port = 0): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    receiver.#server.listen(port, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The spans of a trace, once that of its request is among them. */
  async trace(traceId: string): Promise<ReceivedSpan[]> {
    const own = () => this.spans.filter((span) => span.traceId === traceId);
    for (let waitedMs = 0; !own().some(({ kind }) => kind === 2); waitedMs += 20) {
      if (waitedMs > 20_000) throw new Error("the request's span did not come");
      await sleep(20);
    }
    return own();
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
