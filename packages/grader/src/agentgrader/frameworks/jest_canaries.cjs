// Set-up file of jest: plants the canaries in every file of tests, before its own.
'use strict';
const { afterAll, expect, test } = require('@jest/globals');
const { canaries, token } = __SETTINGS__; // this token is not that of the report
__PLANT__
