// The witness over HTTP (C2SP tlog-witness v1.0.0): add-checkpoint, and the newest cosigned checkpoint for monitors.
// Everything that comes in is bounded in size and in time; a fault of ours is a 503 with no signature in it.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '../observe/logger.ts';
import { decodeNote } from './note.ts';
import { NoteError } from './verifier-key.ts';
import type { Witness, WitnessAnswer } from './witness.ts';

/** A proof of 63 hashes, and a note with a hundred of the longest signatures that there are (C2SP ML-DSA-44). */
const MAX_REQUEST_BYTES = 400_000;
const REQUEST_SECONDS = 10;
const MAX_CONNECTIONS = 512;

export interface WitnessServer {
  readonly port: number;
  close(): Promise<void>;
}

export async function serveWitness(
  witness: Witness,
  at: { readonly host: string; readonly port: number },
  logger: Logger,
): Promise<WitnessServer> {
  const server = createServer((request, response) => {
    answer(witness, request)
      .catch((error: unknown) => {
        logger.error({ err: error }, 'the witness could not answer');
        return { status: 503, type: 'text/plain; charset=utf-8', body: 'not now\n' };
      })
      .then((reply) => send(response, reply));
  });
  server.requestTimeout = REQUEST_SECONDS * 1000;
  server.headersTimeout = REQUEST_SECONDS * 1000;
  server.maxConnections = MAX_CONNECTIONS;
  await listen(server, at);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeIdleConnections();
      }),
  };
}

const listen = (server: Server, { host, port }: { host: string; port: number }): Promise<void> =>
  new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => {
      server.removeListener('error', fail);
      done();
    });
  });

interface Reply {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}
const words = (status: number, text: string): Reply => ({
  status,
  type: 'text/plain; charset=utf-8',
  body: `${text}\n`,
});

async function answer(witness: Witness, request: IncomingMessage): Promise<Reply> {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  if (path === '/add-checkpoint') {
    if (request.method !== 'POST') return words(405, 'add-checkpoint is a POST');
    return await addCheckpoint(witness, request);
  }
  const hash = /^\/([0-9a-f]{64})\/checkpoint$/.exec(path)?.[1];
  if (hash === undefined) return words(404, 'there is nothing here');
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return words(405, 'a checkpoint is read with GET');
  const note = await witness.findCheckpoint(hash);
  return note === null
    ? words(404, 'no checkpoint of such a log was cosigned here')
    : { ...words(200, ''), body: note };
}

async function addCheckpoint(witness: Witness, request: IncomingMessage): Promise<Reply> {
  const body = await readBody(request);
  if (body === null) return words(413, `a request has at most ${MAX_REQUEST_BYTES} bytes`);
  let text: string;
  try {
    text = decodeNote(body);
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return words(400, error.message);
  }
  return reply(await witness.addCheckpoint(text));
}

function reply(result: WitnessAnswer): Reply {
  if (result.status === 200) return { ...words(200, ''), body: result.body };
  if (result.status === 409) return { status: 409, type: 'text/x.tlog.size', body: `${result.size}\n` };
  return words(result.status, result.why);
}

/** Null if it is too long; the rest of it is not read. */
async function readBody(request: IncomingMessage): Promise<Uint8Array | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_REQUEST_BYTES) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function send(response: ServerResponse, { status, type, body }: Reply): void {
  if (response.destroyed) return;
  const bytes = Buffer.from(body);
  // What was not read of a request that is too long must not pass for the next one.
  if (status === 413) response.setHeader('connection', 'close');
  response.writeHead(status, {
    'content-type': type,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}
