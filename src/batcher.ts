/**
 * Lets calls that arrive together share one run: an idle batcher runs in the next turn of the event loop; while
 * `concurrency` runs are under way, further items gather and go together as soon as one ends.
 */
export function createBatcher<I, O>(
  run: (items: readonly I[]) => Promise<readonly (O | Error)[]>,
  { maxItems, concurrency }: { readonly maxItems: number; readonly concurrency: number },
): (item: I) => Promise<O> {
  interface Waiting {
    readonly item: I;
    readonly resolve: (output: O) => void;
    readonly reject: (error: unknown) => void;
  }
  let waiting: Waiting[] = [];
  let running = 0;

  function start(): void {
    while (running < concurrency && waiting.length > 0) {
      const batch = waiting.slice(0, maxItems);
      waiting = waiting.slice(maxItems);
      running += 1;
      void settle(batch);
    }
  }

  async function settle(batch: readonly Waiting[]): Promise<void> {
    try {
      const outputs = await run(batch.map(({ item }) => item));
      batch.forEach(({ resolve, reject }, index) => {
        const output = outputs[index];
        if (output instanceof Error) reject(output);
        else resolve(output as O);
      });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      running -= 1;
      start();
    }
  }

  return (item) =>
    new Promise<O>((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      // Requests parsed in the same turn of the event loop gather before the first run starts.
      if (waiting.length === 1) setImmediate(start);
    });
}

/** Lets at most `concurrency` calls run at once; the others wait in the order they came. */
export function createLimiter<I, O>(run: (input: I) => Promise<O>, concurrency: number): (input: I) => Promise<O> {
  return createBatcher(async ([input]: readonly I[]) => [await run(input as I)], { maxItems: 1, concurrency });
}
