/* What engine.c needs of a model: replace gpt2.c by your own. */
struct cache { int length; double numbers[]; }; /* tokens appended so far, and what the model keeps of them */

extern const char *const model_type; /* as in config.json */
extern int vocab_size;

/* The value after "key": in a text of JSON, or NULL. */
const char *value(const char *json, const char *key);

int load(const char *folder);                                /* 0 if the folder cannot be used */
struct cache *new_cache(void);                               /* an empty one; released with free */
int forward(struct cache *cache, long token, float *logits); /* appends one; 0 if it cannot */
