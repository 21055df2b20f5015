// Cuts off an answer that has not left in time. A reader who takes it slowly would otherwise still be getting it long
// after it was allowed, and the memory it waits in is ours.
import type { Response } from 'express';

/** `withinMs` from now; what is not with the operating system by then never leaves. Call it before the answer is sent. */
export function leaveInTime(res: Response, withinMs: number): void {
  const timer = setTimeout(() => res.destroy(), Math.max(0, withinMs));
  timer.unref();
  res.once('finish', () => clearTimeout(timer)).once('close', () => clearTimeout(timer));
}
