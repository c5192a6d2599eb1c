import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { Server as TlsServer } from "node:tls";
import type { FastifyInstance } from "fastify";

/**
 * Lets no connection without a request keep the server from ending. Node's `closeIdleConnections` passes over those that have
 * not sent a whole head yet, which count as busy until `headersTimeout` (nodejs/node `src/node_http_parser.cc`,
 * `last_message_start_`), and over those whose reply ends later: browsers and fetch open connections ahead of need.
 */
export function closeUnusedConnections(server: FastifyInstance): void {
  const open = new Set<Socket>();
  const busy = new Set<Socket>();
  let isClosing = false;
  // With TLS the socket that requests name is the one above that of the connection.
  const isTls = server.server instanceof TlsServer;
  server.server.on(isTls ? "secureConnection" : "connection", (socket: Socket) => {
    open.add(socket);
    socket.once("close", () => open.delete(socket));
  });
  const onRequest = ({ socket }: IncomingMessage, response: ServerResponse) => {
    busy.add(socket);
    response.once("close", () => {
      busy.delete(socket);
      if (isClosing) socket.end();
    });
  };
  server.server.on("request", onRequest).on("checkContinue", onRequest);
  server.addHook("preClose", async () => {
    isClosing = true;
    for (const socket of open) if (!busy.has(socket)) socket.destroy();
  });
}
