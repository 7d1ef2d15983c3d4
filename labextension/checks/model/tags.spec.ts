import { roleOf, stepName, withRole } from '../../src/model/tags';

describe('tags of cells', () => {
  it('a role takes the place of the one before, and other tags stay', () => {
    expect(withRole(['slow', 'step:load'], 'step', 'train')).toEqual(['slow', 'step:train']);
    expect(withRole(['skip', 'slow'], 'parameters')).toEqual(['slow', 'parameters']);
    expect(withRole(['block:old', 'pipeline-parameters', 'slow'], 'none')).toEqual(['slow']);
  });

  it('reads the tags of Kale and papermill as well', () => {
    expect(roleOf(['block:train'])).toEqual({ role: 'step', name: 'train' });
    expect(roleOf(['pipeline-parameters']).role).toBe('parameters');
    expect(roleOf(['pipeline-metrics']).role).toBe('keep');
    expect(roleOf(['slow', 'prev:load']).role).toBe('none');
  });

  it('makes names of steps of what people type', () => {
    expect(stepName('  Load & clean Data ')).toBe('load-clean-data');
    expect(stepName('Größe_2')).toBe('größe_2');
    expect(stepName('<b>')).toBe('b');
    expect(stepName('!?')).toBe('');
  });
});
