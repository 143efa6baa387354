import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { PLATFORMS, type Platform, type PlatformDefaults, platformSchema } from './schemas.ts';

/** Reads what each platform brings along, `platforms/<platform>.yaml`. Throws for a file that is missing or wrong. */
export function loadPlatforms(): ReadonlyMap<Platform, PlatformDefaults> {
  return new Map(
    PLATFORMS.map((platform) => {
      const file = fileURLToPath(new URL(`./platforms/${platform}.yaml`, import.meta.url));
      const defaults = platformSchema.parse(parse(readFileSync(file, 'utf8')));
      if (defaults.platform !== platform) throw new Error(`${file} is about ${defaults.platform}`);
      return [platform, defaults];
    }),
  );
}
