import type { FastifyInstance } from "fastify";

/** A client may take the more time for its answer, the longer that is: bytes a second. */
const SLOWEST_READER = 4000;

/**
 * Ends connections of clients that have their answer and neither take it nor end their request. Not by the timeout of the
 * socket, which begins anew with every byte that such a client sends. Streams end by themselves (`event-stream.ts`).
 * @param timeoutMs for an answer to be taken beside its own time, and for the rest of a request after it; 0: no limit
 */
export function cutSlowReaders(server: FastifyInstance, timeoutMs: number): void {
  if (timeoutMs === 0) return;
  server.addHook("onSend", async (request, reply, payload) => {
    if (typeof payload !== "string") return payload;
    const ownMs = (1000 * Buffer.byteLength(payload)) / SLOWEST_READER;
    const timer = setTimeout(() => request.raw.socket.destroy(), timeoutMs + ownMs).unref();
    reply.raw.once("close", () => clearTimeout(timer));
    return payload;
  });
  server.addHook("onResponse", async ({ raw }) => {
    if (raw.complete || raw.destroyed) return;
    const { socket } = raw;
    // Nor does it keep the server from ending.
    const timer = setTimeout(() => socket.destroy(), timeoutMs).unref();
    // Of the socket: Node forgets a request that was answered, and does not tell it that its connection has closed.
    const forget = () => {
      clearTimeout(timer);
      raw.off("end", forget);
      socket.off("close", forget);
    };
    raw.once("end", forget);
    socket.once("close", forget);
  });
}
