// Set-up file of vitest: plants the canaries in every file of tests, before its own.
import { afterAll, expect, test } from 'vitest';
const { canaries, token } = __SETTINGS__; // this token is not that of the report
__PLANT__
