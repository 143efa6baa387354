import type { TestApp } from './app.ts';
import { packText } from './pack.ts';

export interface Policies {
  readonly pack: string;
  /** A draft of the admin's; of somebody else one in review, one approved, one published and not in force yet. */
  readonly versions: readonly [draft: string, inReview: string, approved: string, published: string];
  /** The text of the draft, and that of a version that is not there. */
  readonly sources: readonly [draft: string, other: string];
  /** Of the published version. */
  readonly backtestId: string;
}

/** A pack with a version in every state from which the admin can take the next step. */
export async function makePolicies(t: TestApp, pack: string): Promise<Policies> {
  const versions = ['2027-01-01', '2027-02-01', '2027-03-01', '2027-04-01'] as const;
  const [author, reviewer] = await Promise.all(
    [0, 1].map(async () => ({
      authorization: `Bearer ${await t.keyWith(['policy:read', 'policy:write', 'policy:publish'])}`,
    })),
  );
  const post = async (path: string, body: object | undefined, headers = author!) => {
    const answer = await t.call('POST', `/v1/policy-packs/${pack}/versions${path}`, body, headers);
    if (answer.status >= 300) throw new Error(JSON.stringify(answer.body));
    return answer.body;
  };
  const textOf = (version: string) => packText({ pack, version });
  await post('', { source: textOf(versions[0]) }, {} as typeof author);
  for (const [index, version] of versions.entries()) {
    if (index === 0) continue;
    await post('', { source: textOf(version) });
    await post(`/${version}/submit`, undefined);
    if (index > 1) await post(`/${version}/review`, { decision: 'approve', comment: 'read' }, reviewer);
    if (index > 2) await post(`/${version}/publish`, {}, reviewer);
  }
  const range = { from: '2026-11-01T00:00:00+08:00', to: '2026-11-02T00:00:00+08:00' };
  const { backtestId } = await post(`/${versions[3]}/backtests`, range);
  return { pack, versions, sources: [textOf(versions[0]), textOf('2027-05-01')], backtestId };
}
