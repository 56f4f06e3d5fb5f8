import collections, re, sys, time

line = re.compile(r'\S+ \S+ \S+ \[(.{17})[^]]*\] "(?:[^"\\]|\\.)*" (\d)\d\d (\d+|-)')

with open(sys.argv[1], encoding="latin-1") as log:
    matches = (m for m in map(line.match, log) if m)
    columns = ((m[1], m[2], 0 if m[3] == "-" else int(m[3])) for m in matches)
    requests, size, status = (collections.Counter() for _ in range(3))
    for minute, class_, bytes_ in columns:
        requests[minute] += 1
        size[minute] += bytes_
        status[minute, class_] += 1

print(sum(requests.values()), sum(size.values()), len(requests), len(status))
