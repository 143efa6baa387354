import type { PolicyRegistry } from '../../src/policy/registry.ts';
import type { CompiledPack } from '../../src/rules/contact/compile.ts';

/** The versions that decide for the jurisdictions at `ms`; none where one of them is not known. */
export function deciding(
  registry: PolicyRegistry,
  jurisdictions: readonly string[],
  ms: number,
): readonly CompiledPack[] {
  const { known, packs } = registry.inForceAt(jurisdictions, ms);
  return known ? packs : [];
}
