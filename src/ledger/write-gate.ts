// Whether this process may write entries. Whoever finds that it must not shuts the gate and says why; the ledger asks
// before each append. A shut gate keeps a stop pending like any other outage: it is taken, and written later (P2).

export interface WriteGate {
  /** Why nothing may be written now, in one line; null while all is well. */
  whyShut(): string | null;
  /** `who` shut it opens it again; several may hold it shut. */
  shut(who: string, why: string): void;
  open(who: string): void;
}

export function openWriteGate(): WriteGate {
  const reasons = new Map<string, string>();
  return {
    whyShut: () => reasons.values().next().value ?? null,
    shut: (who, why) => void reasons.set(who, why),
    open: (who) => void reasons.delete(who),
  };
}
