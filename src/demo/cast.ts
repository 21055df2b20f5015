// Who is in the demo: five households with known ways, two third parties with keys of their own, and a year of
// readings that a program made. <data dir>/demo.json lists them for scripts.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CryptoKey, exportJWK, generateKeyPair, type JWK } from 'jose';
import { moveOut } from '../consent/consents.ts';
import { openDatabase } from '../db/database.ts';
import type { MeterStoreTables } from '../db/tables/meter-store.ts';
import { keepQuiet } from '../household/door-store.ts';
import { findOccupierByEmail } from '../household/household-store.ts';
import { addHousehold } from '../household/households.ts';
import { addDays, addMonths, localDateAt } from '../lib/local-date.ts';
import { makeNeighbourhood, writeNeighbourhood } from '../metering/import/neighbourhood.ts';
import { defaultZone } from '../metering/source.ts';
import type { Parts } from '../parts.ts';
import { registerThirdParty } from '../registry/registry.ts';

interface Home {
  readonly slug: string;
  readonly email: string;
  readonly mpan: string;
  readonly address: string;
  /** What scripts can rely on. */
  readonly way: string;
}

// Made-up MPAN cores with right check digits.
const homes: readonly Home[] = [
  {
    slug: 'shares',
    email: 'ada@mill-lane.example',
    mpan: '9910000000011',
    address: '12 Mill Lane',
    way: 'shares everything asked',
  },
  {
    slug: 'refuses',
    email: 'ben@mill-lane.example',
    mpan: '9910000000020',
    address: '14 Mill Lane',
    way: 'refuses',
  },
  {
    slug: 'stops',
    email: 'cara@mill-lane.example',
    mpan: '9910000000030',
    address: '16 Mill Lane',
    way: 'stops after one read',
  },
  {
    slug: 'moved',
    email: 'dan@mill-lane.example',
    mpan: '9910000000049',
    address: '18 Mill Lane',
    way: 'has moved out',
  },
  {
    slug: 'gap',
    email: 'eve@mill-lane.example',
    mpan: '9910000000058',
    address: '20 Mill Lane',
    way: 'has a gap in the readings',
  },
];

const neighbourhoodSeed = 20_261_123;

export interface DemoThirdParty {
  readonly slug: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly keyId: string;
  readonly signingKey: CryptoKey;
  readonly privateJwk: JWK;
}

export interface Cast {
  readonly thirdParties: readonly DemoThirdParty[];
  readonly household: (slug: string) => {
    readonly email: string;
    readonly householdId: string;
    readonly address: string;
  };
}

export async function makeCast(parts: Parts, redirectUri: string): Promise<Cast> {
  await makeReadings(parts);
  const added = new Map<string, Home & { householdId: string }>();
  const today = localDateAt(parts.clock.nowMs(), defaultZone);
  for (const home of homes) {
    const { email, mpan, address } = home;
    const from = addMonths(today, -13);
    const place = { email, mpan, address, fuel: 'electricity', zone: defaultZone, from } as const;
    const { householdId } = await addHousehold(parts, place);
    const occupier = await findOccupierByEmail(parts.db, email);
    if (home.slug === 'refuses' && occupier) await keepQuiet(parts.db, occupier.occupierId);
    if (home.slug === 'moved') await moveOut(parts, { mpan, on: addMonths(today, -1) });
    added.set(home.slug, { ...home, householdId });
  }
  const thirdParties = [
    await addThirdParty(parts, redirectUri, {
      slug: 'brightwatt',
      name: 'Brightwatt Ltd',
      class: 'energy-adviser',
      purposes: ['energy-advice', 'automation'],
      registrationNumber: '01234567',
    }),
    await addThirdParty(parts, redirectUri, {
      slug: 'hearthsure',
      name: 'Hearthsure Insurance plc',
      class: 'insurer',
      purposes: ['underwriting', 'claim'],
      registrationNumber: '07654321',
    }),
  ];
  await writeCastFile(parts, [...added.values()], thirdParties);
  return {
    thirdParties,
    household(slug) {
      const found = added.get(slug);
      if (!found) throw new RangeError(`nobody in the demo is called ${slug}`);
      return found;
    },
  };
}

async function makeReadings(parts: Parts): Promise<void> {
  const url = parts.stores.addresses.importer;
  if (url === null) throw new Error('the demo needs STABLEDOOR_IMPORT_DATABASE_URL');
  const store = openDatabase<MeterStoreTables>({ url, maxConnections: 2, statementTimeoutMs: 60_000 });
  try {
    const to = localDateAt(parts.clock.nowMs(), defaultZone);
    const period = { zone: defaultZone, from: addDays(addMonths(to, -12), -1), to };
    const mpans = homes.map((home) => home.mpan);
    const gap = homes.filter((home) => home.slug === 'gap').map((home) => home.mpan);
    await writeNeighbourhood(
      store,
      makeNeighbourhood(neighbourhoodSeed, mpans, period, gap),
      parts.clock.nowMs(),
    );
  } finally {
    await store.destroy();
  }
}

type Entrant = Pick<DemoThirdParty, 'slug'> &
  Pick<Parameters<typeof registerThirdParty>[1], 'name' | 'class' | 'purposes' | 'registrationNumber'>;

async function addThirdParty(parts: Parts, redirectUri: string, entrant: Entrant) {
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const keyId = `${entrant.slug}-1`;
  const { slug, ...registration } = entrant;
  const { clientId } = await registerThirdParty(
    { db: parts.db, ledger: parts.ledger, production: false },
    {
      ...registration,
      redirectUris: [redirectUri],
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: keyId, alg: 'ES256' }] },
      notes: {},
    },
  );
  const privateJwk = { ...(await exportJWK(privateKey)), kid: keyId, alg: 'ES256' };
  return { slug, clientId, redirectUri, keyId, signingKey: privateKey, privateJwk, ...registration };
}

type Added = Awaited<ReturnType<typeof addThirdParty>>;

async function writeCastFile(
  parts: Parts,
  households: readonly (Home & { householdId: string })[],
  thirdParties: readonly Added[],
): Promise<void> {
  const file = {
    issuer: parts.config.issuer,
    households: households.map(({ email, way, householdId, mpan, address }) => ({
      email,
      way,
      household_id: householdId,
      meter_points: [{ mpan, address }],
    })),
    third_parties: thirdParties.map((party) => ({
      slug: party.slug,
      client_id: party.clientId,
      class: party.class,
      purposes: party.purposes,
      redirect_uri: party.redirectUri,
      jwks: { keys: [party.privateJwk] },
    })),
    ledger: { origin: parts.ledger.origin, vkey: parts.ledger.verifierKey },
  };
  await writeFile(join(parts.config.dataDir, 'demo.json'), `${JSON.stringify(file, null, 2)}\n`, {
    mode: 0o600,
  });
}
