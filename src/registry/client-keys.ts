// Keeps the keys of third parties that keep them at an address of their own: looked at again when a key is not known, and
// every quarter of an hour. One look at a time, not again at once, and the last good copy stays when a look fails.
import type { Store } from '../db/database.ts';
import type { Clock } from '../lib/clock.ts';
import type { ClientId } from '../lib/ids.ts';
import type { Logger } from '../observe/logger.ts';
import { fetchKeys } from './fetch-keys.ts';
import { type Jwks, JwksFault } from './jwks.ts';
import { keepFetchedKeys } from './registry-change-store.ts';
import type { ThirdParty } from './third-party.ts';
import type { CallThirdParty } from './third-party-call.ts';

export interface ClientKeys {
  /** For an assertion whose key is not among those known: newer keys, or null where there are none to be had now. */
  lookAgain(thirdParty: ThirdParty): Promise<Jwks | null>;
  /** Looks in the background if the copy has grown old: a key that was withdrawn must not be good for ever. */
  freshen(thirdParty: ThirdParty): void;
}

export interface ClientKeyParts {
  readonly db: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly call: CallThirdParty;
}

const coolDownMs = 30_000;
const oldAfterMs = 15 * 60_000;
const mostAtOnce = 50;
const mostRemembered = 10_000;

export function clientKeys(parts: ClientKeyParts): ClientKeys {
  const underway = new Map<ClientId, Promise<Jwks | null>>();
  const lookedAtMs = new Map<ClientId, number>();

  async function look(thirdParty: ThirdParty, uri: string): Promise<Jwks | null> {
    const { clientId } = thirdParty;
    try {
      const jwks = await fetchKeys(parts.call, uri);
      return (await keepFetchedKeys(parts.db, clientId, uri, jwks)) ? jwks : null;
    } catch (error) {
      const fault = error instanceof JwksFault ? error.message : 'a fault of ours';
      parts.logger.warn({ third_party: clientId, fault }, 'the keys of a third party could not be fetched');
      return null;
    }
  }

  function lookOnce(thirdParty: ThirdParty): Promise<Jwks | null> | null {
    const { clientId, jwksUri } = thirdParty;
    if (jwksUri === null) return null;
    const running = underway.get(clientId);
    if (running) return running;
    // By the time of the process: a clock that is set must not let a stranger make us call on and on.
    const nowMs = performance.now();
    const coolUntilMs = (lookedAtMs.get(clientId) ?? Number.NEGATIVE_INFINITY) + coolDownMs;
    if (nowMs < coolUntilMs || underway.size >= mostAtOnce) return null;
    if (lookedAtMs.size >= mostRemembered) lookedAtMs.clear();
    lookedAtMs.set(clientId, nowMs);
    const looking = look(thirdParty, jwksUri).finally(() => underway.delete(clientId));
    underway.set(clientId, looking);
    return looking;
  }

  return {
    lookAgain: async (thirdParty) => lookOnce(thirdParty),
    freshen(thirdParty) {
      const { jwksFetchedAt } = thirdParty;
      if (jwksFetchedAt !== null && jwksFetchedAt.getTime() + oldAfterMs < parts.clock.nowMs())
        void lookOnce(thirdParty);
    },
  };
}
