// The part of the error catalogue that an import answers with: first what refuses a whole file, then what refuses one
// row of it. A code is a promise, as every code of the catalogue is.

const entry = (status: number, title: string, advice: string) => ({ status, title, advice });

export const importErrorCatalogue = {
  import_file_unreadable: entry(422, 'The file cannot be read', 'Check the path and the rights of the file.'),
  import_format_unsupported: entry(422, 'Not a format that can be imported', 'Use --format green-button.'),
  import_file_malformed: entry(
    422,
    'The file is not well-formed XML',
    'Get the whole file again: it may be cut short or changed on its way. Nothing of it was taken.',
  ),
  import_file_not_green_button: entry(
    422,
    'The file is not Green Button data',
    'Give an ESPI file (namespace http://naesb.org/espi), or name another --format.',
  ),
  import_dtd_refused: entry(
    422,
    'The file declares a document type',
    'Remove the DOCTYPE: no entity or outside file is ever read.',
  ),
  import_file_too_large: entry(413, 'The file is beyond the limits of an import', 'Split the file by dates.'),
  import_no_readings: entry(422, 'The file holds no readings', 'Give a file with interval readings.'),
  import_several_meter_points: entry(
    422,
    'The file holds more than one meter point',
    'Split the file: one run takes one meter point.',
  ),
  import_meter_point_unknown: entry(
    422,
    'The meter point is not known here',
    'Check the number, or add the meter point with `stabledoor household add` first.',
  ),
  import_fuel_differs: entry(
    422,
    'The fuel is not that of the meter point',
    'Check that the file belongs to this meter point.',
  ),
  import_zone_unknown: entry(
    422,
    'The time zone is not known',
    'Name it with --zone, for example --zone America/Los_Angeles.',
  ),
  import_zone_differs: entry(
    422,
    'The time zones do not agree',
    'Check which zone the meter stands in: days and months are summed in it.',
  ),
  import_unit_missing: entry(422, 'The file does not say the unit', 'Get a file that states it.'),
  import_unit_unsupported: entry(
    422,
    'The unit cannot be turned into the unit of the meter point',
    'Electricity is taken in watt-hours; gas in watt-hours, cubic metres, cubic feet or litres.',
  ),
  import_not_interval_data: entry(
    422,
    'Not the use of an interval',
    'Give interval readings; totals of a register are not taken here.',
  ),
  import_register_unsupported: entry(
    422,
    'Neither import nor export',
    'Net readings cannot be kept: import and export are registers of their own.',
  ),
  import_register_differs: entry(
    422,
    'Not the register that was asked for',
    'Leave --register away, or name the register of the file.',
  ),
  import_start_impossible: entry(
    422,
    'The start is not a possible time',
    'A start is whole seconds since 1970, not in the future.',
  ),
  import_interval_unsupported: entry(
    422,
    'The length of the interval cannot be kept',
    'Intervals of 5, 10, 15, 30 or 60 minutes are taken.',
  ),
  import_interval_mixed: entry(
    422,
    'Another length of interval than the rest',
    'Give one file a length; a day that is held can be replaced only whole.',
  ),
  import_interval_misplaced: entry(
    422,
    'The interval does not lie on the local day',
    'Check the time zone: intervals are counted from local midnight.',
  ),
  import_value_absent: entry(422, 'There is no value', 'An absent reading stays absent; it is never zero.'),
  import_value_malformed: entry(422, 'The value is not a number', 'Correct the value in the file.'),
  import_value_negative: entry(
    422,
    'The value is negative',
    'Use out of the home is the export register, not a negative import.',
  ),
  import_value_too_large: entry(
    422,
    'The value is larger than any meter gives',
    'Check the unit and its power of ten.',
  ),
  import_overlap: entry(
    422,
    'Two rows of the file cover the same time with different values',
    'Nobody can say which is right, so neither is taken: correct the file.',
  ),
} as const;
