"""A simulation of many processes on many machines, fed with what was measured on one."""
