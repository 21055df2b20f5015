// Counts what a number of workers get done in a bounded time, and how long each piece took. A row's figure is the median
// of three rounds, and two figures are compared within one round only: the machine may be slower in the next.

export interface Load {
  /** Done a second. */
  readonly rate: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** Keeps `inFlight` pieces of work going for `seconds`, after a short warm-up that is not counted. */
export async function underLoad(inFlight: number, seconds: number, work: () => Promise<void>): Promise<Load> {
  const warmUpMs = 300;
  const start = performance.now() + warmUpMs;
  const end = start + seconds * 1000;
  const took: number[] = [];
  const worker = async () => {
    for (let began = performance.now(); began < end; ) {
      await work();
      const ended = performance.now();
      if (ended >= start && ended < end) took.push(ended - began);
      began = ended;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  took.sort((a, b) => a - b);
  const at = (share: number) => took[Math.min(took.length - 1, Math.floor(took.length * share))] ?? 0;
  return { rate: took.length / seconds, p50Ms: at(0.5), p99Ms: at(0.99) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Runs the contenders one after the other, `rounds` times, and gives each one's loads by round. */
export async function inRounds<Name extends string>(
  contenders: Readonly<Record<Name, () => Promise<Load>>>,
  rounds = 3,
): Promise<Record<Name, Load[]>> {
  const names = Object.keys(contenders) as Name[];
  const loads = Object.fromEntries(names.map((name) => [name, [] as Load[]])) as Record<Name, Load[]>;
  for (let round = 0; round < rounds; round++)
    for (const name of names) loads[name].push(await contenders[name]());
  return loads;
}

/** Median over the rounds of one rate divided by another of the same round. */
export const ratio = (of: readonly Load[], to: readonly Load[]): number =>
  median(of.map((load, round) => load.rate / (to[round]?.rate ?? Number.NaN)));

export const residentMegabytes = (): number => Math.round(process.memoryUsage.rss() / 1_000_000);
