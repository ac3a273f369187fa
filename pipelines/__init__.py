"""When stages run: definitions, jobs, schedules, sensors, checks, and the ``trajhub`` command."""
