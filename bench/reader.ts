// A third party that asks as fast as it is answered: keep-alive connections, and for each read a proof of its own, made
// beforehand so that signing them takes nothing from what is measured.
import { createPrivateKey, hash, randomUUID, sign } from 'node:crypto';
import { Agent, request } from 'node:http';
import type { ReadsServer } from './reads-server.ts';

export interface Reader {
  /** Makes proofs for that many reads. */
  prepare(reads: number): void;
  /** One read at that address; throws unless it is answered with 200. */
  read(address: string): Promise<void>;
  close(): void;
}

const base64url = (text: string): string => Buffer.from(text).toString('base64url');

export function openReader(server: ReadsServer, connections: number): Reader {
  const connect = () => new Agent({ keepAlive: true, maxSockets: connections });
  let agent = connect();
  const key = createPrivateKey({ key: Buffer.from(server.proofKey, 'base64'), format: 'der', type: 'pkcs8' });
  const header = base64url(JSON.stringify({ alg: 'ES256', typ: 'dpop+jwt', jwk: server.proofJwk }));
  const ath = hash('sha256', server.token, 'base64url');
  const makeProof = (iat: number): string => {
    const claims = { htm: 'GET', htu: `${server.issuer}${server.path}`, iat, jti: randomUUID(), ath };
    const signed = `${header}.${base64url(JSON.stringify(claims))}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const now = () => Math.floor((performance.timeOrigin + performance.now()) / 1000);
  let proofs: string[] = [];
  return {
    prepare(reads) {
      // The server has hung up on idle connections by the time that all are signed.
      agent.destroy();
      agent = connect();
      const iat = now();
      proofs = Array.from({ length: reads }, () => makeProof(iat));
    },
    read: (address) =>
      new Promise((done, fail) => {
        const url = `${address}${server.path}?${server.search}`;
        const headers = { authorization: `DPoP ${server.token}`, DPoP: proofs.pop() ?? makeProof(now()) };
        const asked = request(url, { agent, headers }, (answer) => {
          answer.resume();
          answer.once('end', () =>
            answer.statusCode === 200
              ? done()
              : fail(new Error(`a read was answered with ${answer.statusCode}`)),
          );
        });
        asked.once('error', fail);
        asked.end();
      }),
    close: () => agent.destroy(),
  };
}
