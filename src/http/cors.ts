import cors from "@fastify/cors";
import type { FastifyInstance } from "fastify";

/** What pages may read of a reply beside its body. */
const READABLE_HEADERS = [
  "x-request-id",
  "x-sotto-provider",
  "x-sotto-model",
  "x-sotto-ignored",
  "x-sotto-joined",
  "openai-processing-ms",
  "retry-after",
  "retry-after-ms",
  "x-should-retry",
  ...["limit", "remaining", "reset"].flatMap((part) => [
    `x-ratelimit-${part}-requests`,
    `x-ratelimit-${part}-audio-seconds`,
  ]),
];
/** Chromium keeps the answer to a preflight no longer than this. */
const PREFLIGHT_AGE_SEC = 7200;

/**
 * Lets pages of other origins call the server from a browser.
 * @param origins as given: origins with commas between them, or `*` for all
 */
export async function allowOrigins(server: FastifyInstance, origins: string): Promise<void> {
  const list = origins
    .split(",")
    .map((origin) => origin.trim().replace(/\/$/, ""))
    .filter(Boolean);
  await server.register(cors, {
    origin: list.includes("*") ? "*" : list,
    methods: ["GET", "HEAD", "POST"],
    exposedHeaders: READABLE_HEADERS,
    maxAge: PREFLIGHT_AGE_SEC,
  });
}
