# SPDX-License-Identifier: GPL-2.0
#
# What tests/coverage reckons. Of an address only the low 28 bits count, which are all that differ between modules.
#   what=met     loaded sections, linked sections and addresses met in loaded ones -> the same addresses as linked
#   what=lines   those, then the disassembly, then the lines of each instruction -> `L FILE LINE met?`, and of branches
#                `B FILE ways taken`
#   what=report  the lines of the usual driver, then those of others -> what a person reads

function low(hex,   value, i, digits) {
	hex = substr(hex, length(hex) - 6)
	digits = length(hex)
	for (i = 1; i <= digits; i++)
		value = value * 16 + index("0123456789abcdef", substr(hex, i, 1)) - 1
	return value
}

FNR == 1 { file++ }

# Section, where it was loaded; more than once where the driver was.
what == "met" && NF == 2 { loaded[++loads] = $1; at[loads] = low($2) }

# Section, where it is linked, and its size.
what == "met" && NF == 3 { linked[$1] = low($2); size[$1] = low($3) }

what == "met" && NF == 1 {
	address = low($1)
	found = 0
	for (i = 1; i <= loads; i++) {
		from = address - at[i]
		if (loaded[i] in linked && from >= 0 && from < size[loaded[i]]) {
			met = linked[loaded[i]] + from
			found++
		}
	}
	# What two could be, one of them at a time, is nobody's.
	if (found == 1)
		print met
	else if (found > 1)
		doubtful++
}

what == "lines" && file == 1 { is_met[$1]; next }

what == "lines" && file == 2 && $1 ~ /^[0-9a-f]+:$/ {
	address = low(substr($1, 1, length($1) - 1))
	if (branch != "")
		next_of[branch] = address
	branch = ""
	if ($2 ~ /^j/ && $2 !~ /^jmp/) {
		branch = address
		target_of[branch] = low(substr($3, 3))
	}
	next
}

what == "lines" && file == 3 && /^0x/ {
	address = low($1)
	hit = address in is_met
	inner = ""
	next
}

what == "lines" && file == 3 && index($0, root) == 1 {
	split(substr($0, length(root) + 1), place, ":")
	if (place[2] == 0 || place[1] !~ /\.(rs|c)$/)
		next
	key = place[1] " " place[2]
	lines[key] = lines[key] || hit
	if (inner == "" && address in next_of) {
		inner = place[1]
		ways[inner] += 2
		taken[inner] += (next_of[address] in is_met) + (target_of[address] in is_met)
	}
}

what == "report" && $1 == "L" && file == 1 { hits[$2, $3] = $4 }
what == "report" && $1 == "L" && file > 1 && ($2, $3) in hits && $4 { hits[$2, $3] = 1 }
what == "report" && $1 == "B" && file == 1 { ways[$2] = $3; taken[$2] = $4 }

END {
	if (doubtful)
		print doubtful " addresses lie in two places where the driver was loaded" > "/dev/stderr"
	if (what == "lines") {
		for (key in lines)
			print "L", key, lines[key] ? 1 : 0
		for (key in ways)
			print "B", key, ways[key], taken[key]
	}
	if (what == "report")
		report()
}

function percent(part, all) {
	return all ? sprintf("%5.1f %%", 100 * part / all) : "      -"
}

function report(   key, part, name, sorted, all, all_hit, all_ways, all_taken, n) {
	for (key in hits) {
		split(key, part, SUBSEP)
		count[part[1]]++
		covered[part[1]] += hits[key]
		if (!hits[key])
			print part[1] ":" part[2] | "sort -t : -k 1,1 -k 2,2n"
	}
	close("sort -t : -k 1,1 -k 2,2n")
	print ""
	sorted = "sort"
	for (name in count) {
		printf "%-28s lines %s of %4d   ways out of branches %s of %4d\n", name, percent(covered[name], count[name]), \
			count[name], percent(taken[name], ways[name]), ways[name] | sorted
		all += count[name]
		all_hit += covered[name]
		all_ways += ways[name]
		all_taken += taken[name]
	}
	close(sorted)
	printf "%-28s lines %s of %4d   ways out of branches %s of %4d\n", "the driver", percent(all_hit, all), all, \
		percent(all_taken, all_ways), all_ways
}
