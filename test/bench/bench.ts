/**
 * `npm run bench [-- capture|transform|push] [options]`: tables of what the stages take. A benchmark, not a test:
 * it judges nothing.
 */
const STAGES = ["capture", "transform", "push"] as const;

const asked = process.argv[2] ?? "";
const chosen = STAGES.filter((stage) => stage === asked);

for (const stage of chosen.length === 0 ? STAGES : chosen) await import(`./${stage}-bench.ts`);

export {};
