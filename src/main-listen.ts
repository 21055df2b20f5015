// Serves an application over HTTP, or over TLS 1.2 and later when a certificate is set, and stops without cutting off
// an answer that is on its way.
import http, { type RequestListener } from 'node:http';
import https from 'node:https';
import type { Config } from './config.ts';
import { readCertificate, type TlsFiles, watchCertificate } from './main-certificate.ts';
import type { Logger } from './observe/logger.ts';

export interface ListeningServer {
  /** `http://127.0.0.1:8080`: where it listens, which behind a proxy is not the issuer. */
  readonly address: string;
  /** Resolves when the last answer has gone out, or after 10 s without those that had not. */
  close(): Promise<void>;
}

/**
 * TLS 1.3's own, and of TLS 1.2 those that RFC 9325 section 4.2 recommends, as FAPI 2.0 section 5.2.2 asks: forward secret,
 * with authenticated encryption, and none of the CBC or RSA key transport that Node would still offer.
 */
const ciphers = [
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_AES_128_GCM_SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
].join(':');

/** What express is asked to look at has at most 100 headers; a few more are let in, so that it can refuse them in words. */
const mostHeaders = 200;
const mostHeaderBytes = 16_384;
const longestGoodbyeMs = 10_000;

/** Errors: the port is taken, or a TLS file cannot be used; the message says which. */
export async function listen(
  app: RequestListener,
  config: Pick<Config, 'host' | 'port' | 'tls'>,
  logger: Logger,
): Promise<ListeningServer> {
  const server =
    config.tls === null
      ? http.createServer({ maxHeaderSize: mostHeaderBytes }, app)
      : await secureServer(app, config.tls, logger);
  // A request is small: whoever takes longer to send one only holds a connection.
  server.maxHeadersCount = mostHeaders;
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(config.port, config.host, () => {
      server.off('error', fail);
      done();
    });
  });
  const at = server.address();
  const port = typeof at === 'object' && at !== null ? at.port : config.port;
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return {
    address: `${config.tls === null ? 'http' : 'https'}://${host}:${port}`,
    close: () => close(server),
  };
}

async function secureServer(app: RequestListener, files: TlsFiles, logger: Logger): Promise<https.Server> {
  const pair = await readCertificate(files);
  const suites = { minVersion: 'TLSv1.2', ciphers, honorCipherOrder: true } as const;
  const server = https.createServer({ ...pair, ...suites, maxHeaderSize: mostHeaderBytes }, app);
  server.once('close', watchCertificate({ server, files, pair, options: suites, logger }));
  return server;
}

function close(server: http.Server | https.Server): Promise<void> {
  return new Promise((done) => {
    const giveUp = setTimeout(() => server.closeAllConnections(), longestGoodbyeMs);
    // A connection whose answer has gone out is kept open for the next request, which will not be taken.
    const sweep = setInterval(() => server.closeIdleConnections(), 25);
    server.close(() => {
      clearTimeout(giveUp);
      clearInterval(sweep);
      done();
    });
  });
}
