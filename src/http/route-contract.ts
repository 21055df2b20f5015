// What a route promises: its path, what it takes, what it answers. openapi.yaml is made from these and nothing else,
// and the routes validate with the same schemas.
import type { z } from 'zod';
import type { ErrorCode } from '../lib/error-catalogue.ts';

export type Method = 'get' | 'post' | 'delete';

export interface BodyContract {
  readonly contentType: string;
  readonly schema: z.ZodType;
}

export interface ResponseContract {
  readonly description: string;
  /** Several: the caller chooses by Accept. */
  readonly body?: BodyContract | readonly BodyContract[];
  readonly headers?: z.ZodObject;
}

export interface RouteContract {
  readonly method: Method;
  /** In OpenAPI form: `/v1/meter-points/{meter_point}/readings`. */
  readonly path: string;
  /** Name of the last parameter of the path where it may hold slashes, which OpenAPI cannot say. */
  readonly rest?: string;
  readonly operationId: string;
  readonly tag: 'OAuth' | 'Readings' | 'Consents' | 'Ledger' | 'Sandbox' | 'Service';
  readonly summary: string;
  readonly description?: string;
  /** `dpop`: an access token bound to a key, and a proof of it. `client`: a client assertion in the form. */
  readonly security: 'dpop' | 'client' | 'none';
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly header?: z.ZodObject;
  readonly body?: BodyContract;
  readonly responses: Readonly<Record<number, ResponseContract>>;
  /** Problem documents (RFC 9457) this route can answer with; each has a page at /errors/{code}. */
  readonly errors?: readonly ErrorCode[];
}

/** The path as express wants it. */
export const expressPath = ({ path, rest }: RouteContract): string =>
  path.replace(/\{(\w+)\}/g, (_, name: string) => (name === rest ? `*${name}` : `:${name}`));
