# SPDX-License-Identifier: GPL-2.0
#
# Takes a trace of addresses apart into system calls, for bench/profile: which function each address belongs to, what
# code lies there, and then the addresses in the order of execution. Of each kind of call the length that is the most
# frequent one is shown. Calls that an interrupt came into are left out.

FNR == 1 { file++ }

file < 3 {
	address = $1
	sub(/^[^ ]* /, "")
}

file == 1 {
	function_at[address] = $0
	next
}

file == 2 {
	code_at[address] = $0
	next
}

{
	name = function_at[$1]
}

name == "user" {
	if (length_now)
		finish()
	length_now = 0
	complete = 1
	next
}

# What was under way when the trace began is no whole call.
!complete { next }

{
	if (!length_now)
		call = ""
	at[++length_now] = $1
	if (call == "" && name ~ /^(__x64_sys_|ksys_)/) {
		call = name
		sub(/^(__x64_sys_|ksys_)/, "", call)
		device = interrupted = 0
	}
	if (name ~ /\[mq_driver\]$/)
		device = 1
	if (name ~ /^(asm_sysvec_|asm_common_interrupt)/)
		interrupted = 1
}

function finish(   key, i) {
	if (call == "" || interrupted)
		return
	if (device)
		call = call " of /dev/mq"
	calls[call]++
	key = call SUBSEP length_now
	if (++seen[key] > seen[call, usual[call]])
		usual[call] = length_now
	if (seen[key] == 1)
		for (i = 1; i <= length_now; i++)
			executed[key, i] = at[i]
}

END {
	for (call in calls)
		if (annotated)
			print_code(call, usual[call])
		else
			print_functions(call, usual[call])
}

function print_code(call, length_,   i, address, last) {
	printf "\n%s\n", call
	for (i = 1; i <= length_; i++) {
		address = executed[call, length_, i]
		if (function_at[address] != last)
			print "\n" (last = function_at[address])
		print "\t" address " " code_at[address]
	}
}

function print_functions(call, length_,   i, address, name, previous, count, locks, taken, atomics, by_count) {
	for (i = 1; i <= length_; i++) {
		address = executed[call, length_, i]
		name = function_at[address]
		count[name]++
		if (code_at[address] ~ /^(lock |xchg.*\()/)
			atomics++
		if (name != previous && is_lock(name)) {
			taken++
			locks = locks " " name
		}
		previous = name
	}
	printf "\n%s: %d instructions (so %d of %d calls)\n", call, length_, seen[call, length_], calls[call]
	printf "atomic read-modify-write operations: %d; locks: %d%s\n", atomics, taken, locks ? "," locks : ""
	by_count = "sort -rn"
	for (name in count)
		printf "%7d  %s\n", count[name], name | by_count
	close(by_count)
}

function is_lock(name) {
	return name ~ /^(_raw_(spin|read|write)_(try)?lock|mutex_(try)?lock|down_(read|write))/
}
