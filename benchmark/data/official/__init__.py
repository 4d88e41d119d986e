"""The files of the official CropGlobe layout: names, arrays, units and facts.

`domain_file.read_domain_file` reads one file and `domain_file.write_domain_file` writes one.
`stored_numbers.conclude` decides how to read the numbers of a file; the user can declare this in
`domains.yaml` (`domain_rules`). `conversion.open_converted` maps a large file into memory.
`download_lock` records the revision of a downloaded directory.
"""
