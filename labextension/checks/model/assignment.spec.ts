import { pythonLiteral, withValue } from '../../src/model/assignment';

describe('another value in a line of Python', () => {
  it('changes the one literal, and nothing else', () => {
    const source = 'trees = 100  # trees in the forest\ndepth = None\n';
    expect(withValue(source, 'trees', '250')).toBe('trees = 250  # trees in the forest\ndepth = None\n');
    expect(withValue(source, 'depth', '4')).toBe('trees = 100  # trees in the forest\ndepth = 4\n');
    expect(withValue("name: str = 'a # b'", 'name', '"c"')).toBe('name: str = "c"');
  });

  it('leaves alone what it does not understand', () => {
    expect(withValue('n = 1\nn = 2', 'n', '3')).toBeNull();
    expect(withValue('n = m + 1', 'n', '3')).toBeNull();
    expect(withValue('n = [1,\n 2]', 'n', '3')).toBeNull();
    expect(withValue('    n = 1', 'n', '3')).toBeNull();
    expect(withValue('n == 1', 'n', '3')).toBeNull();
    expect(withValue('nn = 1', 'n', '3')).toBeNull();
  });

  it('writes dollars and backslashes as they are', () => {
    expect(withValue("price = '1'", 'price', String.raw`"$1\\"`)).toBe(String.raw`price = "$1\\"`);
  });

  it('knows which text is a literal of which type', () => {
    expect(pythonLiteral('int', false, ' 7 ')).toBe('7');
    expect(pythonLiteral('int', false, '7.5')).toBeNull();
    expect(pythonLiteral('float', false, '1e-3')).toBe('1e-3');
    expect(pythonLiteral('float', false, '')).toBeNull();
    expect(pythonLiteral('bool', false, 'true')).toBeNull();
    expect(pythonLiteral('int', true, 'None')).toBe('None');
    expect(pythonLiteral('int', false, 'None')).toBeNull();
    expect(pythonLiteral('str', false, 'a "b"\n')).toBe(String.raw`"a \"b\"\n"`);
    expect(pythonLiteral('list', false, '[1]')).toBeNull();
  });
});
