import type { Includable } from "../core/request.js";
import type { Transcript } from "../core/result.js";

/** A transcript in the shape that a client asked for, ready to be written. */
export interface Rendered {
  contentType: string;
  body: string;
}

/** What makes a reply unlike any other; handed in, so that renderers need no clock and no chance. */
export interface ReplyStamp {
  /** A UUID. */
  id: string;
  /** Seconds since 1970. */
  createdSec: number;
}

/** A renderer is pure: the same transcript and stamp give the same bytes. */
export type Renderer = (transcript: Transcript, stamp: ReplyStamp, include?: readonly Includable[]) => Rendered;

export const JSON_CONTENT_TYPE = "application/json; charset=utf-8";

/** An object as a reply in JSON. */
export function rendered(reply: object, contentType = JSON_CONTENT_TYPE): Rendered {
  return { contentType, body: JSON.stringify(reply) };
}
