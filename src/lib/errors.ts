// The one base class of errors that may reach a caller: a stable code, a status, and a message safe to show.
// Anything else that is thrown is a fault of ours and leaves as `internal_error` without its text.
import { type ErrorCode, errorCatalogue } from './error-catalogue.ts';

export class StabledoorError extends Error {
  readonly code: ErrorCode;
  readonly status: number;
  /** Further members of the RFC 9457 problem document, such as `closed_until`. Safe to show. */
  readonly extras: Readonly<Record<string, string | number>>;
  /** Headers of the answer, such as `WWW-Authenticate`. */
  readonly headers: Readonly<Record<string, string>>;

  /** `cause` is for the log alone and never reaches the caller. */
  constructor(
    code: ErrorCode,
    detail?: string,
    extras: Readonly<Record<string, string | number>> = {},
    headers: Readonly<Record<string, string>> = {},
    cause?: unknown,
  ) {
    super(detail ?? errorCatalogue[code].advice, cause === undefined ? undefined : { cause });
    this.name = 'StabledoorError';
    this.code = code;
    this.status = errorCatalogue[code].status;
    this.extras = extras;
    this.headers = headers;
  }
}
