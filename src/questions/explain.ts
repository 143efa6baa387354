import { renderAnswer, storedAnswer } from '../contact/answer.ts';
import { timelineOf } from '../contact/judge.ts';
import type { Profile, ProfilePoint } from '../contact/profile.ts';
import type { PermissionRequest } from '../contact/schemas.ts';
import { type Ctx, requireScope } from '../context.ts';
import { newId } from '../ids.ts';
import { type Change, counterfactualsOf } from '../rules/contact/counterfactual.ts';
import { CHANNELS, type Channel, KIND_OF_CHANNEL, PURPOSES, type Purpose } from '../rules/contact/facts.ts';
import { formatInstant } from '../rules/time/zone.ts';
import { type Put, put, putAll } from './asking.ts';
import { textOf } from './change-texts.ts';
import type { Explanation, Question } from './schemas.ts';

/**
 * The answer to a check, and which single fact would turn a refusal into a permission. Every change that is listed was
 * put to the engine, with the contacts that count for it. Throws what a check throws.
 */
export async function explainContact(ctx: Ctx, question: Question): Promise<Explanation> {
  requireScope(ctx, 'contact:check');
  const first = await put(ctx, { ...question, mode: 'check' });
  const { ask, judged } = first;
  const { verdict, facts } = judged;
  const answer = storedAnswer(judged, { decisionId: newId('dec', ask.nowMs), reservationId: null });
  const { permissionToken: _, ...rendered } = renderAnswer(answer, ctx.policy, ctx.language);
  const others = verdict.permitted ? [] : othersOf(first);
  const asked = await putAll(
    ctx,
    others.map(({ request }) => request),
  );
  const zone = verdict.packs[0]?.spec.zone ?? 'UTC';
  const found = counterfactualsOf(
    timelineOf(ctx.policy, facts),
    facts,
    verdict.at,
    asked.map((other, index) => ({ change: others[index]!.change, facts: other.judged.facts })),
  );
  return {
    ...rendered,
    counterfactuals: found.map(({ change, nextPermittedAt }) => {
      const instant = formatInstant(zone, nextPermittedAt);
      const { code, ...to } = change;
      return {
        code,
        change: { ...NOTHING, ...to } as Explanation['counterfactuals'][number]['change'],
        permitted: true,
        nextPermittedAt: instant,
        text: textOf(change, instant, ctx.language),
      };
    }),
  };
}

const NOTHING = {
  contactPointId: null,
  channel: null,
  purpose: null,
  directiveKind: null,
  directiveId: null,
  timeZone: null,
};

interface Other {
  readonly change: Change;
  readonly request: PermissionRequest;
}

/** The question about each other contact point of the person, each other channel, and each other purpose. */
function othersOf({ ask, gathered, judged }: Put): Other[] {
  const { address: _, contactPointId: __, ...request } = ask.request;
  const points = usablePoints(gathered.found.profile!, judged.facts.party.partyId);
  const own = gathered.found.contactPointId;
  const onPoints = points
    .filter(({ id, kind }) => id !== own && kind === KIND_OF_CHANNEL[request.channel])
    .map(({ id }) => ({
      change: { code: 'OTHER_CONTACT_POINT', contactPointId: id } as const,
      request: { ...request, contactPointId: id },
    }));
  const onChannels = CHANNELS.filter((channel) => channel !== request.channel).flatMap((channel) => {
    const point = pointFor(channel, points, own);
    if (point === null) return [];
    const at = point === undefined ? {} : { contactPointId: point };
    return [
      {
        change: { code: 'OTHER_CHANNEL', channel, ...(point === own ? {} : at) } as const,
        request: { ...request, ...at, channel, ringless: false },
      },
    ];
  });
  const forPurposes = PURPOSES.filter((purpose) => purpose !== request.purpose && !ANSWERS.includes(purpose)).map(
    (purpose) => ({ change: { code: 'OTHER_PURPOSE', purpose } as const, request: { ...ask.request, purpose } }),
  );
  return [...onPoints, ...onChannels, ...forPurposes];
}

/** What answers something that the person has said is not a purpose to choose. */
const ANSWERS: readonly Purpose[] = ['respond', 'opt_out_confirmation'];

function usablePoints({ points }: Profile, partyId: string): ProfilePoint[] {
  return points.filter(
    (point) => point.party === partyId && point.status === 'active' && point.wrongSince === undefined,
  );
}

/** The contact point that a channel would use: the same, else the person's first; undefined for none, null if one lacks. */
function pointFor(channel: Channel, points: readonly ProfilePoint[], own: string | null): string | undefined | null {
  const kind = KIND_OF_CHANNEL[channel];
  if (kind === null) return undefined;
  const fitting = points.filter((point) => point.kind === kind);
  const point = fitting.find(({ id }) => id === own) ?? fitting[0];
  if (point !== undefined) return point.id;
  return kind === 'postal' ? undefined : null;
}
