import type { Field } from '../../src/api/types';
import { filled, initialValues, labelOf, parted } from '../../src/model/form';

const field = (name: string, more: Partial<Field> = {}): Field => ({
  name,
  flag: `--${name}`,
  short: '',
  help: '',
  positional: false,
  many: false,
  required: false,
  type: 'text',
  choices: [],
  default: '',
  metavar: '',
  ...more
});

const FIELDS = [
  field('notebook', { required: true, positional: true, default: null }),
  field('trials', { type: 'int', default: 20 }),
  field('share', { type: 'float', default: 0.5 }),
  field('want', { many: true, default: [] }),
  field('force', { type: 'flag', default: false })
];

describe('the form of a verb', () => {
  it('begins with what was given, else with the defaults', () => {
    expect(initialValues(FIELDS, { notebook: 'wine.ipynb', want: ['model', 'score'] })).toEqual({
      notebook: 'wine.ipynb',
      trials: '20',
      share: '0.5',
      want: 'model\nscore',
      force: false
    });
  });

  it('leaves a number empty that stands for none', () => {
    const port = [field('port', { type: 'int', default: 0 })];
    expect(initialValues(port)).toEqual({ port: '' });
    expect(initialValues(port, { port: 8090 })).toEqual({ port: '8090' });
    expect(filled(port, { port: '' })).toEqual({ args: {}, problems: {} });
  });

  it('sends only what is not the default, typed', () => {
    const values = { notebook: ' wine.ipynb ', trials: '20', share: '0.25', want: 'model\n\n score ', force: true };
    expect(filled(FIELDS, values)).toEqual({
      args: { notebook: 'wine.ipynb', share: 0.25, want: ['model', 'score'], force: true },
      problems: {}
    });
  });

  it('says of each field what is wrong with it', () => {
    const { problems } = filled(FIELDS, { notebook: '', trials: '2.5', share: 'half', want: '', force: false });
    expect(Object.keys(problems)).toEqual(['notebook', 'trials', 'share']);
  });

  it('asks at once for what is needed, and hides the rest behind More', () => {
    const [first, more] = parted(FIELDS, ['force']);
    expect(first.map(each => each.name)).toEqual(['notebook', 'force']);
    expect(more.map(each => each.name)).toEqual(['trials', 'share', 'want']);
  });

  it('reads names as words', () => {
    expect(labelOf('no_verify')).toBe('No verify');
    expect(labelOf('from_')).toBe('From');
  });
});
