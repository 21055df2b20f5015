// The certificate of a listening server, renewed without a restart: when its files change, and at once on SIGHUP.
// A pair that cannot be used changes nothing: connections go on with the one before, and the log says why.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type https from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Config } from './config.ts';
import type { Logger } from './observe/logger.ts';

export type TlsFiles = NonNullable<Config['tls']>;

export interface CertificatePair {
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Rejects with an error that names the file which cannot be read. */
export async function readCertificate({ certFile, keyFile }: TlsFiles): Promise<CertificatePair> {
  const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
  return { cert, key };
}

/** The files are read, not watched: a watch breaks where a renewal puts another file or link in their place. */
const lookEveryMs = 10_000;

export interface CertificateWatch {
  readonly server: Pick<https.Server, 'setSecureContext'>;
  readonly files: TlsFiles;
  /** What the server began with. */
  readonly pair: CertificatePair;
  /** What it was made with besides certificate and key, which a new context does not keep by itself. */
  readonly options: object;
  readonly logger: Logger;
}

/** From now on; call what it gives to end that. Established connections keep the certificate that they began with. */
export function watchCertificate(
  { server, files, pair, options, logger }: CertificateWatch,
  everyMs = lookEveryMs,
): () => void {
  let current = pair;
  let looking = false;

  async function look(): Promise<void> {
    const read = await readCertificate(files);
    if (read.cert.equals(current.cert) && read.key.equals(current.key)) return;
    // Throws where the two do not belong together: a renewal that is half written is looked at again.
    createSecureContext(read);
    server.setSecureContext({ ...options, ...read });
    current = read;
    const { validTo, serialNumber } = new X509Certificate(read.cert);
    logger.info({ valid_to: validTo, serial: serialNumber }, 'the TLS certificate was renewed');
  }
  const lookOnce = () => {
    if (looking) return;
    looking = true;
    look()
      .catch((error: unknown) =>
        logger.error({ err: error }, 'the new TLS certificate cannot be used: the one before stays'),
      )
      .finally(() => {
        looking = false;
      });
  };
  const timer = setInterval(lookOnce, everyMs);
  timer.unref();
  process.on('SIGHUP', lookOnce);
  return () => {
    clearInterval(timer);
    process.off('SIGHUP', lookOnce);
  };
}
