import type { KeptPackage, Kitfile } from '../../src/api/types';
import { formatOf, isSought, modelFacts, repositoryOf, shortDigest } from '../../src/model/packages';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

function kept(reference: string, more: Partial<KeptPackage> = {}): KeptPackage {
  return {
    reference,
    tags: [],
    digest: DIGEST,
    bytes: 1,
    created: '',
    name: '',
    version: '',
    layers: [],
    problem: '',
    came: null,
    is_signed: false,
    ...more
  };
}

/** As REST sends it: what has its default is left out. */
function kitfile(model: object | undefined): Kitfile {
  return { manifestVersion: '1.0.0', package: {}, model } as unknown as Kitfile;
}

describe('names of packages', () => {
  it('the repository is what is left without tag and digest', () => {
    expect(
      ['wine', 'wine:v1', 'ghcr.io/team/wine:v1', '127.0.0.1:5055/wine', `127.0.0.1:5055/wine@${DIGEST}`].map(
        repositoryOf
      )
    ).toEqual(['wine', 'wine', 'ghcr.io/team/wine', '127.0.0.1:5055/wine', '127.0.0.1:5055/wine']);
  });

  it('a digest by its first letters', () => {
    expect(shortDigest(DIGEST)).toBe('0123456789ab');
  });

  it('is sought by every word, wherever it stands', () => {
    const wine = kept('ghcr.io/team/wine:v1', { tags: ['v1', 'latest'], name: 'Red' });
    expect(['wine', 'TEAM latest', 'red v1', '0123456', ''].map(text => isSought(wine, text))).toEqual([
      true,
      true,
      true,
      true,
      true
    ]);
    expect(['wine v2', 'white'].map(text => isSought(wine, text))).toEqual([false, false]);
  });
});

describe('what a package holds', () => {
  it('the format of a layer', () => {
    expect(
      [
        'application/vnd.kitops.modelkit.model.v1.tar',
        'application/vnd.kitops.modelkit.dataset.v1.tar+gzip',
        'application/vnd.kitops.modelkit.mcpb.v1.raw'
      ].map(formatOf)
    ).toEqual(['tar', 'tar+gzip', 'raw']);
  });

  it('metrics and parameters of a run', () => {
    const logged = {
      mlflow_run_id: 'r',
      mlflow_metrics: { accuracy: 0.9, loss: null },
      mlflow_params: { trees: '25' }
    };
    const parameters = { mlflow_provenance: logged, signature: { inputs: [] } };
    expect(modelFacts(kitfile({ name: 'wine', framework: 'sklearn', format: 'skops', parameters }))).toEqual({
      name: 'wine',
      framework: 'sklearn',
      format: 'skops',
      metrics: [
        ['accuracy', 0.9],
        ['loss', null]
      ],
      parameters: [['trees', '25']]
    });
  });

  it('parameters that somebody wrote by hand, as far as they are values', () => {
    expect(modelFacts(kitfile({ parameters: { trees: 100, deep: null, more: { a: 1 }, list: [1] } }))).toEqual({
      name: '',
      framework: '',
      format: '',
      metrics: [],
      parameters: [
        ['trees', '100'],
        ['deep', 'null']
      ]
    });
    expect(modelFacts(kitfile({ name: 'm', parameters: 'many' }))?.parameters).toEqual([]);
  });

  it('none without a model', () => {
    expect(modelFacts(kitfile(undefined))).toBeNull();
  });
});
