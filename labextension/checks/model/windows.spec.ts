import type { RunView } from '../../src/api/types';
import { Windows, WINDOW, type Answer } from '../../src/model/windows';
import { run } from './run';

/** A server that remembers what each token was shown, and answers when it is told to. */
class Server {
  runs: RunView[] = [];
  readonly asked: { offset: number; known: string; answer: () => void; fail: () => void }[] = [];
  sent = 0;
  private readonly shown = new Map<string, Map<string, RunView>>();
  private count = 0;

  readonly ask = (offset: number, limit: number, known: string): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const answer = (): void => {
        const here = this.runs.slice(offset, offset + limit);
        const before = this.shown.get(known);
        const rows = here.filter(each => before?.get(each.id) !== each);
        const token = `t${++this.count}`;
        this.shown.set(token, new Map(here.map(each => [each.id, each])));
        this.sent += rows.length;
        resolve({ total: this.runs.length, order: here.map(each => each.id), rows, token });
      };
      this.asked.push({ offset, known, answer, fail: () => reject(new Error('no')) });
    });

  fill(count: number): void {
    this.runs = Array.from({ length: count }, (_, index) => run(`r${index}`));
  }

  /** Answers all requests, and those that follow from them. */
  async settle(): Promise<void> {
    for (let round = 0; round < 50; round++) {
      const next = this.asked.shift();
      next?.answer();
      await new Promise(resolve => setTimeout(resolve));
      if (!next && !this.asked.length) {
        return;
      }
    }
  }
}

function listOf(server: Server, isTree = false): { windows: Windows; shifts: number[] } {
  const shifts: number[] = [];
  const windows = new Windows(server.ask, isTree, shift => shifts.push(shift));
  return { windows, shifts };
}

describe('windows of a long list', () => {
  it('asks for what is in view, then for what is beside it', async () => {
    const server = new Server();
    server.fill(100_000);
    const { windows } = listOf(server);
    expect(windows.total).toBeNull();
    windows.look(0, 40);
    expect(server.asked.map(each => each.offset)).toEqual([0]);
    await server.settle();
    expect(windows.total).toBe(100_000);
    expect(windows.at(39)?.run.id).toBe('r39');
    expect(windows.at(WINDOW)?.run.id).toBe(`r${WINDOW}`);
    expect(windows.at(2 * WINDOW)).toBeNull();
    windows.look(50_010, 50_050);
    await server.settle();
    expect(windows.at(50_020)?.run.id).toBe('r50020');
  });

  it('never has more than two requests, and leaves out what was scrolled past', async () => {
    const server = new Server();
    server.fill(100_000);
    const { windows } = listOf(server);
    windows.look(0, 40);
    await server.settle();
    for (let from = 1000; from < 90_000; from += 1000) {
      windows.look(from, from + 40);
    }
    expect(server.asked).toHaveLength(2);
    windows.look(95_000, 95_040);
    await server.settle();
    expect(windows.at(95_000)?.run.id).toBe('r95000');
    expect(windows.at(50_000)).toBeNull();
  });

  it('is sent what has changed only, and keeps the other runs as they are', async () => {
    const server = new Server();
    server.fill(1000);
    const { windows } = listOf(server);
    windows.look(0, 40);
    await server.settle();
    const before = windows.at(7)?.run;
    server.sent = 0;
    server.runs[3] = run('r3', { metrics: { accuracy: 0.9 } });
    windows.renew();
    await server.settle();
    expect(server.sent).toBe(1);
    expect(windows.at(3)?.run.metrics).toEqual({ accuracy: 0.9 });
    expect(windows.at(7)?.run).toBe(before);
  });

  it('asks for all of a window where its token stands for rows that are not here', async () => {
    const server = new Server();
    server.fill(50);
    const { windows } = listOf(server);
    windows.look(0, 40);
    await server.settle();
    server.runs = [run('new'), ...server.runs];
    windows.renew();
    const { known } = server.asked[0];
    server.asked.shift();
    // The server takes the new run for shown, though its answer was lost.
    const late = server.ask(0, WINDOW, known);
    server.asked.shift()!.answer();
    await late;
    windows.renew();
    await server.settle();
    expect(windows.total).toBe(50);
    expect(windows.at(0)?.run.id).toBe('r0');
  });

  it('tells how far the rows in view have moved', async () => {
    const server = new Server();
    server.fill(1000);
    const { windows, shifts } = listOf(server);
    windows.look(150, 250);
    await server.settle();
    shifts.length = 0;
    server.runs = [run('a'), run('b'), ...server.runs];
    windows.renew();
    await server.settle();
    expect(shifts.filter(shift => shift !== 0)).toEqual([2]);
    expect(windows.indexOf('r200')).toBe(202);
  });

  it('forgets rows elsewhere that have moved, and takes them for no sign of a move', async () => {
    const server = new Server();
    server.fill(1000);
    const { windows, shifts } = listOf(server);
    windows.look(500, 540);
    await server.settle();
    windows.look(0, 40);
    await server.settle();
    server.runs = [...Array.from({ length: 30 }, (_, index) => run(`n${index}`)), ...server.runs];
    windows.renew();
    await server.settle();
    shifts.length = 0;
    windows.look(500, 540);
    expect(windows.at(500)).toBeNull();
    await server.settle();
    expect(windows.at(500)?.run.id).toBe('r470');
    expect(shifts.filter(shift => shift !== 0)).toEqual([]);
  });

  it('puts what is in view in its place at once: no row stands there twice', async () => {
    const server = new Server();
    server.fill(1000);
    const { windows } = listOf(server);
    windows.look(90, 110);
    await server.settle();
    server.runs = [run('a'), ...server.runs];
    windows.renew();
    server.asked.shift()!.answer();
    await new Promise(resolve => setTimeout(resolve));
    const ids = Array.from({ length: 20 }, (_, step) => windows.at(90 + step)?.run.id);
    expect(new Set(ids).size).toBe(20);
    expect(ids[0]).toBe('r90');
    await server.settle();
    expect(windows.at(90)?.run.id).toBe('r89');
    expect(windows.at(100)?.run.id).toBe('r99');
  });

  it('says what went wrong, asks no more by itself, and goes on when told', async () => {
    const server = new Server();
    server.fill(10);
    const { windows } = listOf(server);
    windows.look(0, 10);
    server.asked.shift()!.fail();
    await new Promise(resolve => setTimeout(resolve));
    expect(windows.error).toBeInstanceOf(Error);
    windows.look(0, 9);
    expect(server.asked).toHaveLength(0);
    windows.renew();
    await server.settle();
    expect(windows.error).toBeNull();
    expect(windows.total).toBe(10);
  });

  it('follows a list that gets shorter', async () => {
    const server = new Server();
    server.fill(500);
    const { windows } = listOf(server);
    windows.look(380, 420);
    await server.settle();
    server.runs = server.runs.slice(0, 30);
    windows.renew();
    await server.settle();
    windows.look(0, 30);
    await server.settle();
    expect(windows.total).toBe(30);
    expect(windows.at(29)?.run.id).toBe('r29');
    expect(windows.at(30)).toBeNull();
    expect(windows.at(400)).toBeNull();
  });

  it('forgets what is far away', async () => {
    const server = new Server();
    server.fill(100_000);
    const { windows } = listOf(server);
    for (let from = 0; from < 60; from++) {
      windows.look(from * 1000, from * 1000 + 40);
      await server.settle();
    }
    expect(windows.at(0)).toBeNull();
    expect(windows.at(59_000)?.run.id).toBe('r59000');
    expect(windows.runs.length).toBeLessThan(5000);
  });

  it('hears nothing after it is put away', async () => {
    const server = new Server();
    server.fill(10);
    const { windows, shifts } = listOf(server);
    windows.look(0, 10);
    windows.dispose();
    await server.settle();
    expect(shifts).toEqual([]);
    expect(windows.total).toBeNull();
  });
});
