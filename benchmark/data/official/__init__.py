"""The files of the official CropGlobe layout: names, arrays, units and facts.

`domain_file.read_domain_file` reads one file and `domain_file.write_domain_file` writes one. What
the numbers in a file mean is concluded by `stored_numbers.conclude`, and `domains.yaml` can declare
it (`domain_rules`). `conversion.open_converted` maps a large file into memory,
and `download_lock` knows which revision a downloaded directory holds.
"""
