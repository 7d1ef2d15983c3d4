import type { DeploymentView, Replica, RevisionView } from '../../src/api/types';
import {
  asPercent,
  beside,
  count,
  isAsleep,
  milliseconds,
  readiness,
  stableOf,
  toneOf,
  traffic,
  wayTo
} from '../../src/model/deployments';

function replica(number: number, more: Partial<Replica> = {}): Replica {
  return { number, state: 'ready', pid: 1, restarts: 0, why: '', ...more };
}

function revision(number: number, more: Partial<RevisionView> = {}): RevisionView {
  return {
    number,
    package: `wine:v${number}`,
    digest: '',
    created: '2026-01-01T00:00:00Z',
    role: '',
    percent: 0,
    replicas: [],
    traffic: { requests: 0, failed: 0, p50: 0, p99: 0, differing: 0 },
    run: '',
    ...more
  };
}

function deployment(revisions: RevisionView[], more: Partial<DeploymentView> = {}): DeploymentView {
  return {
    name: 'wine',
    state: 'healthy',
    target: 'process',
    address: 'http://127.0.0.1:8090',
    replicas: 2,
    revisions,
    token_file: '',
    monitored: false,
    contract: '',
    pid: 1,
    since: null,
    problem: '',
    watched: null,
    ...more
  };
}

const asked = (requests: number, failed: number) => ({ requests, failed, p50: 0.1, p99: 0.2, differing: 0 });

describe('how a deployment is', () => {
  it('each state has its tone', () => {
    expect((['healthy', 'starting', 'degraded', 'down', 'stopped'] as const).map(toneOf)).toEqual([
      'good',
      'warn',
      'warn',
      'bad',
      'dim'
    ]);
  });

  it('what its revisions have answered, together', () => {
    const view = deployment([revision(2, { traffic: asked(10, 1) }), revision(1, { traffic: asked(1200, 3) })]);
    expect(traffic(view)).toEqual({ requests: 1210, failed: 4 });
    expect(traffic(deployment([]))).toEqual({ requests: 0, failed: 0 });
  });

  it('is asleep when it is stopped, and when its router is gone', () => {
    expect(isAsleep(deployment([]))).toBe(false);
    expect(isAsleep(deployment([], { state: 'stopped', pid: 0 }))).toBe(true);
    expect(isAsleep(deployment([], { state: 'down', pid: 0 }))).toBe(true);
    expect(isAsleep(deployment([], { state: 'down', pid: 7 }))).toBe(false);
  });
});

describe('revisions', () => {
  it('the one beside the stable one is a canary or a shadow', () => {
    const stable = revision(1, { role: 'stable' });
    for (const role of ['canary', 'shadow']) {
      const view = deployment([revision(2, { role }), stable]);
      expect(beside(view)?.number).toBe(2);
      expect(stableOf(view)?.number).toBe(1);
    }
    const both = deployment([revision(3, { role: 'shadow' }), revision(2, { role: 'canary' }), stable]);
    expect(beside(both)?.number).toBe(2);
    expect(beside(deployment([revision(2, { role: 'candidate' }), stable]))).toBeUndefined();
  });

  it('how many of its processes are ready, and what the others do', () => {
    const replicas = [
      replica(1, { restarts: 1 }),
      replica(2, { state: 'waiting', restarts: 3, why: 'out of memory' }),
      replica(3, { state: 'waiting' })
    ];
    expect(readiness(revision(1, { role: 'stable', replicas }), 3)).toEqual({
      ready: 1,
      wanted: 3,
      restarts: 4,
      others: ['waiting'],
      why: 'out of memory'
    });
  });

  it('one that should run and has no process has none ready; one that is only kept says nothing', () => {
    expect(readiness(revision(1, { role: 'stable' }), 2)).toMatchObject({ ready: 0, wanted: 2, others: [] });
    expect(readiness(revision(1), 2)).toBeNull();
    const ending = revision(1, { replicas: [replica(1, { state: 'stopping' })] });
    expect(readiness(ending, 2)).toMatchObject({ ready: 0, wanted: 0, others: ['stopping'] });
  });

  it('older ones are gone back to, newer ones answer again, and those that run do neither', () => {
    const revisions = [revision(3), revision(2, { role: 'stable' }), revision(1), revision(4, { role: 'canary' })];
    const view = deployment(revisions);
    expect(revisions.map(each => wayTo(view, each))).toEqual(['again', null, 'back', null]);
    expect(revisions.map(each => wayTo(deployment(revisions, { state: 'stopped' }), each))).toEqual([
      null,
      null,
      null,
      null
    ]);
    expect(wayTo(deployment([revision(1)]), revision(1))).toBeNull();
  });
});

describe('figures', () => {
  it('a share is a whole number from 0 to 100', () => {
    expect(['0', ' 35 ', '100'].map(asPercent)).toEqual([0, 35, 100]);
    expect(['', ' ', '-1', '101', '2.5', 'many', '1e9'].map(asPercent)).toEqual(Array(7).fill(null));
  });

  it('seconds as milliseconds', () => {
    expect([0, 0.0031, 0.0999, 0.09996, 1.2345, null].map(milliseconds)).toEqual([
      '0.0',
      '3.1',
      '99.9',
      '100',
      '1235',
      ''
    ]);
  });

  it('large numbers are grouped', () => {
    expect([0, 999, 12000].map(count)).toEqual(['0', '999', '12,000']);
  });
});
