declare module './types' {
  interface Verbs {
    annotate: {
      request: { run: string; name?: string; tag?: string[]; untag?: string[]; note?: string };
      result: unknown;
    };
    delete: { request: { runs: string[] }; result: unknown };
    undelete: { request: { runs: string[] }; result: unknown };
    promote: { request: { run: string; alias: string; model?: string }; result: unknown };
    history: {
      request: { runs: string[]; metric?: string[]; points?: number };
      result: { series: { run: string; metric: string; points: { step: number; time: string; value: number | null }[] }[] };
    };
    executed: {
      request: { run: string; step?: string; output?: string; force?: boolean };
      result: { notebook: { [name: string]: unknown }; source: string };
    };
  }
}
export {};
