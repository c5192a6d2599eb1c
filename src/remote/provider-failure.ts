/** How a try at a provider may fail. */
export type FailureKind =
  /** No connection: name, address, certificate, or time. */
  | "unreachable"
  | "timeout"
  /** The connection ended before the reply did. */
  | "cut_off"
  /** An answer that is no reply of its dialect, or too long for one. */
  | "garbage"
  /** It points elsewhere; neither the recording nor the key goes there. */
  | "redirect"
  /** 401, 403: the key, or what it may do. */
  | "unauthorized"
  | "not_found"
  | "rate_limited"
  | "server_error"
  /** Any other refusal: what we sent, its model or our balance there is at fault. */
  | "refused"
  /** 413: another may take it. */
  | "too_large"
  /** The recording itself cannot be heard, by anybody. */
  | "audio";

/** Says nothing of the provider's state. */
const HARMLESS: readonly FailureKind[] = ["too_large", "audio"];
/** Work may have been done, and may have to be paid. */
const BILLABLE: readonly FailureKind[] = ["timeout", "cut_off", "garbage"];

interface FailureDetails {
  /** Of HTTP. */
  status?: number;
  /** When the provider wants to be asked again, in milliseconds from now. */
  retryAfterMs?: number | undefined;
  /** For the log only, without the key. */
  detail?: string | undefined;
  cause?: unknown;
}

/** A try at a provider that came to nothing. Its message is fit for clients: no URL, no key, no word of the provider's. */
export class ProviderFailure extends Error {
  override readonly name = "ProviderFailure";
  readonly kind: FailureKind;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly detail: string | undefined;

  constructor(kind: FailureKind, { status, retryAfterMs, detail, cause }: FailureDetails = {}) {
    super(status === undefined ? kind : `${kind}, status ${status}`, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.detail = detail;
  }

  /** Whether the provider itself is at fault, so that it counts towards its breaker. */
  get counts(): boolean {
    return !HARMLESS.includes(this.kind);
  }

  /** Whether another provider could do better. */
  get mayPassOn(): boolean {
    return this.kind !== "audio";
  }

  get mayBeBilled(): boolean {
    return BILLABLE.includes(this.kind);
  }
}
