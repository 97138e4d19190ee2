/**
 * `npm run bench [-- capture|survey|transform|push|log|rules] [options]`: tables of the
 * time and memory of the stages, of `log` and of rules. A benchmark, not a test: it has no limits.
 */
const STAGES = ["capture", "survey", "transform", "push", "log", "rules"] as const;

const requested = process.argv[2] ?? "";
const stages = STAGES.filter((stage) => stage === requested);

for (const stage of stages.length === 0 ? STAGES : stages) await import(`./${stage}-bench.ts`);

export {};
