# Runs inside Odoo, as the code of a computed field. It makes the address of the panel: which
# opportunity, who looks at it, when, and a signature that Latitude checks. Odoo gives such code
# neither a hash function nor names from outside a comprehension, so SHA-256 is written out.
told = self.env['ir.config_parameter'].sudo()
address = told.get_param('{prefix}.embed_at') or ''
key = told.get_param('{prefix}.embed_key') or ''
constants = {constants}
now = int(time.time())
for record in self:
    record['{field}'] = False
    number = record._origin.id
    if not address or not key or not isinstance(number, int):
        continue
    text = '%s.%s.%s' % (number, self.env.uid, now)
    message = [ord(c) ^ 54 for c in key] + [ord(c) for c in text]
    for turn in (0, 1):
        size = len(message) * 8
        message = message + [128] + [0] * ((55 - len(message)) % 64 + 4)
        message = message + [size >> 24 & 255, size >> 16 & 255, size >> 8 & 255, size & 255]
        state = {start}
        for begin in range(0, len(message), 64):
            words = []
            for i in range(begin, begin + 64, 4):
                words.append(message[i] << 24 | message[i + 1] << 16 | message[i + 2] << 8 | message[i + 3])
            for i in range(16, 64):
                x = words[i - 15]
                y = words[i - 2]
                low = (x >> 7 | x << 25) ^ (x >> 18 | x << 14) ^ x >> 3
                high = (y >> 17 | y << 15) ^ (y >> 19 | y << 13) ^ y >> 10
                words.append(words[i - 16] + words[i - 7] + (low & 4294967295) + (high & 4294967295) & 4294967295)
            a, b, c, d, e, f, g, h = state
            for i in range(64):
                turned = (e >> 6 | e << 26) ^ (e >> 11 | e << 21) ^ (e >> 25 | e << 7)
                first = h + (turned & 4294967295) + (e & f ^ ~e & g) + constants[i] + words[i]
                turned = (a >> 2 | a << 30) ^ (a >> 13 | a << 19) ^ (a >> 22 | a << 10)
                second = (turned & 4294967295) + (a & b ^ a & c ^ b & c)
                h, g, f, e = g, f, e, d + first & 4294967295
                d, c, b, a = c, b, a, first + second & 4294967295
            mixed = []
            for before, after in zip(state, (a, b, c, d, e, f, g, h)):
                mixed.append(before + after & 4294967295)
            state = mixed
        digest = []
        for word in state:
            digest = digest + [word >> 24 & 255, word >> 16 & 255, word >> 8 & 255, word & 255]
        message = [ord(c) ^ 92 for c in key] + digest
    sign = ''.join(['%02x' % byte for byte in digest])
    record['{field}'] = (
        '<iframe src="%s?deal=%s&amp;user=%s&amp;at=%s&amp;sign=%s" title="Deal strategy"'
        ' style="width:100%%;height:640px;border:0"></iframe>'
    ) % (address, number, self.env.uid, now, sign)
