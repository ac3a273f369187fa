canaries.forEach(([name, verdict], i) =>
  test(name, () => {
    if (i < 2) expect(name.length > 0).toBe(verdict === 'passed');
    else if (verdict === 'failed') throw new Error('planted');
    else expect(() => expect(name.length).toBe(-1)).toThrow();
  }),
);
afterAll(() => {
  let failed = false;
  try {
    expect(canaries.length).toBe(-1);
  } catch {
    failed = true;
  }
  if (!failed) throw new Error(token);
});
