declare module './types' {
  interface Verbs {
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
