import { randomUUID } from "node:crypto";

const SANE = /^[\w.:-]{1,128}$/;

/** The client's `x-request-id` when it is fit for a log line and a header, else one of ours. */
export function requestId(header: string | string[] | undefined): string {
  return typeof header === "string" && SANE.test(header) ? header : `req_${randomUUID().replaceAll("-", "")}`;
}
