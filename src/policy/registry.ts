import { type CompiledPack, furthest, type Question, type Reach } from '../rules/contact/compile.ts';
import { type Pack, PackError } from './load.ts';

/** What decides for some jurisdictions at an instant. */
export interface InForce {
  /** The versions that decide, in the order of their pack ids. */
  readonly packs: readonly CompiledPack[];
  /** Versions that are asked and reported and never decide: drafts under watch, and packs of lifecycle shadow. */
  readonly shadow: readonly CompiledPack[];
  /** First later instant at which other versions decide; Infinity when none is known. */
  readonly until: number;
  /** False when a jurisdiction has no pack that binds everybody (or none is named): nothing may be permitted. */
  readonly known: boolean;
}

/** All versions of all packs, as an immutable snapshot in memory: no query on the path of a decision. */
export interface PolicyRegistry {
  /** Every published version, also those not yet or no longer in force. */
  readonly packs: readonly Pack[];
  readonly inForceAt: (jurisdictions: readonly string[], ms: number) => InForce;
  /** One version by `pack@version`, whether in force, withdrawn or a draft under watch; undefined when unknown. */
  readonly byId: (id: string) => Pack | undefined;
  /** The very text that decided, by the content hash that stands in the record of a decision. */
  readonly byHash: (contentHash: string) => Pack | undefined;
  /** How long before such a question contacts can count in these jurisdictions, under any version of their packs. */
  readonly reach: (jurisdictions: readonly string[], question: Question) => Reach;
  /** The version in force at `ms` of the pack with the `account` section, for account standing; undefined before the first. */
  readonly defaultAt: (ms: number) => Pack | undefined;
}

export interface RegistryOptions {
  /** Versions asked in shadow although not in force: drafts, and published versions before their day. */
  readonly watched?: readonly Pack[];
  /** Versions that were published once and are no more. */
  readonly former?: Pick<PolicyRegistry, 'byId' | 'byHash'>;
}

/** When a version decides: from `from` (inclusive) until `until` (exclusive). */
interface Span {
  readonly pack: Pack;
  readonly from: number;
  readonly until: number;
}

/** Customers' lists of jurisdictions are few; a caller that invents ever new ones may not fill the memory. */
const MAX_REMEMBERED = 1000;

/**
 * Builds the snapshot. A version is in force from its `effectiveFrom` until its own `effectiveUntil`, or, where it has
 * none, until the next version starts, so a new version ends the old one without touching its file. A pack of a
 * country (`US`) also applies to its parts (`US-MA`). Throws PackError, with both names, where versions of one pack
 * overlap or leave a gap, and where two packs decide about accounts.
 */
export function createRegistry(packs: readonly Pack[], { watched = [], former }: RegistryOptions = {}): PolicyRegistry {
  const spans = timelineOf(packs);
  const known = new Map([...watched, ...packs].map((pack) => [pack.compiled.id, pack]));
  const texts = new Map([...watched, ...packs].map((pack) => [pack.contentHash, pack]));
  const inForceAt = remembered((jurisdictions, ms) => at(spans, watched, jurisdictions, ms));
  const accounts = accountSpans(spans);
  return {
    packs,
    inForceAt,
    byId: (id) => known.get(id) ?? former?.byId(id),
    byHash: (contentHash) => texts.get(contentHash) ?? former?.byHash(contentHash),
    reach: reachIn([...packs, ...watched]),
    defaultAt: (ms) => accounts.find((span) => covers(span, ms))?.pack,
  };
}

function reachIn(packs: readonly Pack[]): PolicyRegistry['reach'] {
  const known = new Map<string, Reach>();
  return (codes, question) => {
    const key = `${codes.join(' ')} ${question.channel} ${question.purpose} ${question.carrier ?? ''} ${question.debtor}`;
    let reach = known.get(key);
    if (reach === undefined) {
      const own = packs.filter(({ document }) => codes.some((code) => appliesTo(document.jurisdictions, code)));
      reach = furthest(own.map(({ compiled }) => compiled.reach(question)));
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(key, reach);
    }
    return reach;
  };
}

function covers({ from, until }: Span, ms: number): boolean {
  return from <= ms && ms < until;
}

/** True for the version's own codes, and for the parts of a country it names. */
export function appliesTo(jurisdictions: readonly string[], code: string): boolean {
  return jurisdictions.includes(code) || jurisdictions.includes(code.slice(0, 2));
}

/** Every version with the instants between which it decides, in the order of pack ids, then of time. */
function timelineOf(packs: readonly Pack[]): Span[] {
  const sorted = packs.toSorted((a, b) => {
    const [one, other] = [a.compiled.spec, b.compiled.spec];
    return one.pack < other.pack ? -1 : one.pack > other.pack ? 1 : one.effectiveFrom - other.effectiveFrom;
  });
  return sorted.map((pack, index) => {
    const { spec, id } = pack.compiled;
    const next = sorted[index + 1]?.compiled;
    const end = spec.effectiveUntil ?? Number.POSITIVE_INFINITY;
    if (next?.spec.pack !== spec.pack) return { pack, from: spec.effectiveFrom, until: end };
    const starts = next.spec.effectiveFrom;
    if (starts === spec.effectiveFrom) throw new PackError(`${id} and ${next.id} start on the same day`);
    if (spec.effectiveUntil !== null && end > starts) throw new PackError(`${id} and ${next.id} overlap`);
    if (end < starts) throw new PackError(`${id} and ${next.id} leave a gap between them`);
    return { pack, from: spec.effectiveFrom, until: starts };
  });
}

function accountSpans(spans: readonly Span[]): Span[] {
  const found = spans.filter(({ pack }) => pack.document.account !== undefined && !isShadow(pack));
  const other = found.find(({ pack }) => pack.document.pack !== found[0]!.pack.document.pack);
  if (other)
    throw new PackError(`${found[0]!.pack.compiled.id} and ${other.pack.compiled.id} both decide about accounts`);
  return found;
}

type Segment = InForce & {
  /** Between these instants the answer is this one. */
  readonly from: number;
  readonly to: number;
};

function at(spans: readonly Span[], watched: readonly Pack[], codes: readonly string[], ms: number): Segment {
  const concerns = ({ document }: Pack) => codes.some((code) => appliesTo(document.jurisdictions, code));
  const own = spans.filter(({ pack }) => concerns(pack));
  const deciding = own.filter(({ pack }) => !isShadow(pack));
  const decidingAt = (instant: number) => deciding.filter((span) => covers(span, instant)).map(({ pack }) => pack);
  const packs = decidingAt(ms);
  const shadow = [
    ...own.filter((span, index) => isShadow(span.pack) && asked(span, own[index - 1], ms)).map(({ pack }) => pack),
    ...watched.filter((pack) => concerns(pack) && isWatchedAt(pack, spans, ms)),
  ];
  const changes = [...own, ...watched.map((pack) => spanOf(pack, spans))]
    .flatMap(({ from, until }) => [from, until])
    .sort((a, b) => a - b);
  const differs = (instant: number) => decidingAt(instant).some((pack, index) => pack !== packs[index]);
  return {
    packs: packs.map(({ compiled }) => compiled),
    shadow: shadow.map(({ compiled }) => compiled).sort((a, b) => (a.id < b.id ? -1 : 1)),
    until:
      changes.find((instant) => instant > ms && (decidingAt(instant).length !== packs.length || differs(instant))) ??
      Number.POSITIVE_INFINITY,
    known:
      codes.length > 0 &&
      codes.every((code) => packs.some((pack) => bindsAll(pack) && appliesTo(pack.document.jurisdictions, code))),
    from: changes.findLast((instant) => instant <= ms) ?? Number.NEGATIVE_INFINITY,
    to: changes.find((instant) => instant > ms) ?? Number.POSITIVE_INFINITY,
  };
}

/** A pack that binds some contacts only, such as a carrier's, is not yet the law of a place. */
function bindsAll({ document }: Pack): boolean {
  return Object.keys(document.coverage).length === 0;
}

function isShadow({ document }: Pack): boolean {
  return document.lifecycle === 'shadow';
}

/** The first version of a shadow pack is asked before its day too: that is what it is watched for. */
function asked(span: Span, before: Span | undefined, ms: number): boolean {
  const isFirst = before?.pack.document.pack !== span.pack.document.pack;
  return ms < span.until && (isFirst || span.from <= ms);
}

/** A published version's own span; a draft's dates as written. */
function spanOf(pack: Pack, spans: readonly Span[]): Span {
  const { effectiveFrom, effectiveUntil } = pack.compiled.spec;
  const published = spans.find((span) => span.pack === pack);
  return published ?? { pack, from: effectiveFrom, until: effectiveUntil ?? Number.POSITIVE_INFINITY };
}

/** A draft is watched until its end, a published version until it decides itself. */
function isWatchedAt(pack: Pack, spans: readonly Span[], ms: number): boolean {
  const { from, until } = spanOf(pack, spans);
  return ms < (spans.some((span) => span.pack === pack) ? from : until);
}

function remembered(find: (codes: readonly string[], ms: number) => Segment): PolicyRegistry['inForceAt'] {
  const memory = new Map<string, Segment[]>();
  return (codes, ms) => {
    const key = codes.length === 1 ? codes[0]! : codes.join(' ');
    let segments = memory.get(key);
    const seen = segments?.find(({ from, to }) => from <= ms && ms < to);
    if (seen) return seen;
    if (segments === undefined) {
      if (memory.size >= MAX_REMEMBERED) memory.clear();
      segments = [];
      memory.set(key, segments);
    }
    const segment = find(codes, ms);
    segments.push(segment);
    return segment;
  };
}
