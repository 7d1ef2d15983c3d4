declare module './types' {
  interface Verbs {
    executed: {
      request: { run: string; step?: string; output?: string; force?: boolean };
      result: { notebook: { [name: string]: unknown }; source: string };
    };
  }
}
export {};
