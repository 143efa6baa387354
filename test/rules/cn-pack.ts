import { evaluate } from '../../src/rules/contact/evaluate.ts';
import type { Channel, ContactFacts, ContactPointKind } from '../../src/rules/contact/facts.ts';
import { cn, facts, refusals } from './builders.ts';
import { shipped } from './shipped.ts';

export const pack = shipped('cn-credit-card@2026-02-01').compiled;

export type Given = Parameters<typeof facts>[0];

const KINDS: Partial<Record<Channel, ContactPointKind>> = {
  email: 'email',
  im: 'im',
  letter: 'postal',
  visit: 'postal',
};

/** The same contact on another channel, at a contact point that fits. */
export function on(channel: Channel, given: Given = {}): ContactFacts {
  const known = facts(given);
  const kind = KINDS[channel] ?? 'phone';
  return {
    ...known,
    request: { ...known.request, channel },
    contactPoint: known.contactPoint === null ? null : { ...known.contactPoint, kind },
  };
}

/** What the pack says at a wall time in China: the ids of the refusing rules, and the next permitted wall time. */
export function ask(known: ContactFacts, wallTime = '2026-11-23T10:00:00'): { refused: string[]; next: string | null } {
  const verdict = evaluate([pack], known, cn(wallTime));
  const local = (at: number) =>
    Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO('+08:00').toPlainDateTime().toString();
  return {
    refused: refusals(verdict),
    next: verdict.nextPermittedAt === null ? null : local(verdict.nextPermittedAt),
  };
}

export function permitted(known: ContactFacts, wallTime?: string): boolean {
  return ask(known, wallTime).refused.length === 0;
}
