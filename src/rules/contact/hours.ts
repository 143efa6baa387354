import { type BoundedWindow, closesAt, opensAt, type WeeklyWindow } from '../time/windows.ts';
import { HORIZON_MS, NEVER } from './caps.ts';

/** A union of windows: the pack's hours in one zone, and the times the person has agreed to outside them. */
export interface Hours {
  readonly windows: readonly WeeklyWindow[];
  readonly agreed: readonly BoundedWindow[];
}

/** First instant at or after `ms` that is inside the hours in every candidate zone; Infinity when there is none. */
export function earliestInHours(hours: Hours, zones: readonly string[], ms: number): number {
  if (zones.length === 0) return NEVER;
  let at = ms;
  while (at - ms <= HORIZON_MS) {
    let next = at;
    for (const zone of zones) next = Math.max(next, earliestInZone(hours, zone, next));
    if (next === at) return at;
    at = next;
  }
  return NEVER;
}

function earliestInZone(hours: Hours, zone: string, ms: number): number {
  let earliest = NEVER;
  for (const window of hours.windows) {
    const opens = opensAt(zone, window, ms);
    if (opens === ms) return ms;
    if (opens < earliest) earliest = opens;
  }
  for (const window of hours.agreed) {
    const opens = opensAt(window.zone, window, ms, window);
    if (opens === ms) return ms;
    if (opens < earliest) earliest = opens;
  }
  return earliest;
}

/** First instant after `ms` that is outside the hours in some zone; windows that touch are one. Expects `ms` inside. */
export function hoursEndAt(hours: Hours, zones: readonly string[], ms: number): number {
  return Math.min(...zones.map((zone) => hoursEndInZone(hours, zone, ms)));
}

function hoursEndInZone(hours: Hours, zone: string, ms: number): number {
  let at = ms;
  while (at - ms <= HORIZON_MS) {
    let later = at;
    for (const window of hours.windows) later = Math.max(later, closesAt(zone, window, at));
    for (const window of hours.agreed) {
      if (at >= window.validFrom && at < (window.validUntil ?? NEVER))
        later = Math.max(later, closesAt(window.zone, window, at, window.validUntil));
    }
    if (later === at) return at;
    at = later;
  }
  return NEVER;
}
