// Every table the broker knows, gathered from one file a room, so that a column is described in one place.
import type { ConsentTables } from './tables/consent.ts';
import type { HouseholdTables } from './tables/household.ts';
import type { LawfulTables } from './tables/lawful.ts';
import type { LedgerTables } from './tables/ledger.ts';
import type { LimitsTables } from './tables/limits.ts';
import type { NotifyTables } from './tables/notify.ts';
import type { OauthTables } from './tables/oauth.ts';
import type { OperatorTables } from './tables/operator.ts';
import type { PasskeyTables } from './tables/passkey.ts';
import type { PolicyTables } from './tables/policy.ts';
import type { RegistryTables } from './tables/registry.ts';
import type { TagMapTables } from './tables/tag-map.ts';

export interface Tables
  extends LedgerTables,
    TagMapTables,
    PolicyTables,
    RegistryTables,
    NotifyTables,
    LimitsTables,
    HouseholdTables,
    ConsentTables,
    LawfulTables,
    OauthTables,
    PasskeyTables,
    OperatorTables {}
