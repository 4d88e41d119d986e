"""Files from the Hugging Face hub: the official dataset and the weights of encoders.

`download.download` fetches the dataset, resumes a broken transfer and checks every checksum.
`weights.weights_file` returns the weights of an encoder, from the user's own copy or from the hub.
`error_messages` turns what the client raises into one sentence.
"""
