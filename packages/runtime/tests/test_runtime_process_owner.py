"""Process owners: the living are told from the dead, those of other machines are left alone."""

import os
import subprocess
import sys
import time

from trajruntime.process_owner import ProcessOwner, parse_owner, this_process


def test_an_owner_survives_being_written_down() -> None:
    me = this_process()
    read = parse_owner(str(me))
    assert read is not None
    assert read.same_process(me)
    assert not read.is_dead()


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    me = this_process()
    earlier = ProcessOwner(me.host, me.pid, me.started - 60)
    assert earlier.is_dead()
    assert not earlier.same_process(me)


def test_a_process_that_ended_is_dead_even_before_it_is_waited_for() -> None:
    me = this_process()
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # it has ended, and is still to be waited for
    owner = ProcessOwner(me.host, child.pid, time.time())
    assert owner.is_dead()
    child.wait()
    assert owner.is_dead()


def test_a_process_of_another_host_is_not_known_to_be_dead() -> None:
    assert not ProcessOwner("elsewhere", 1, 0.0).is_dead()


def test_what_names_no_owner_is_none() -> None:
    assert [parse_owner(text) for text in ("", "x", "a:b:c", "a:1:")] == [None] * 4
