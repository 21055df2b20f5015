// Every route that is promised to programs, in one list: openapi.yaml is made from it, and a test compares it with
// the routes that the application has.

import type { RouteContract } from '../http/route-contract.ts';
import { oauthContracts } from '../oauth/contract.ts';
import * as consents from './consents-contract.ts';
import * as grants from './grants-contract.ts';
import { ledgerContracts } from './ledger-contract.ts';
import { pollForNotices } from './notices-contract.ts';
import * as published from './published-contract.ts';
import { listMeterPoints, readReadings } from './readings-contract.ts';
import { listRightsRoute } from './rights-contract.ts';
import { decide, setClock } from './sandbox-contract.ts';

/** The sandbox has routes of its own that production does not. */
export const contracts = (mode: 'production' | 'sandbox' | 'demo'): RouteContract[] => [
  ...Object.values(published),
  ...oauthContracts,
  grants.showGrant,
  grants.giveBackGrant,
  listMeterPoints,
  readReadings,
  listRightsRoute,
  consents.listConsents,
  consents.showConsent,
  consents.giveBackConsent,
  pollForNotices,
  ...ledgerContracts,
  ...(mode === 'production' ? [] : [setClock, decide]),
];
