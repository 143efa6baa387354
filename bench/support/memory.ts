import type { Server } from './servers.ts';

/** Reads the resident memory that `/metrics` tells, once a second, until it is asked. */
export function sampleMemory({ url }: Server): () => Promise<{ firstMb: number; peakMb: number }> {
  const samples: number[] = [];
  const sample = async () => {
    const text = await (await fetch(`${url}/metrics`)).text();
    samples.push(Number(/^process_resident_memory_bytes (\d+)/m.exec(text)![1]) / 1_000_000);
  };
  const timer = setInterval(() => void sample(), 1000);
  return async () => {
    clearInterval(timer);
    await sample();
    return { firstMb: samples[0]!, peakMb: Math.max(...samples) };
  };
}
